import type { CompressionType } from '../api/compression.ts';
import type { Compressor } from '../io/compression.ts';
import type { Position } from './failover/index.ts';
import { COMPRESSED_MIN, frameOf } from './journal-frame.ts';
import type { Channel } from './wire.ts';

/**
 * What is compressed at once: a block of the usual load takes 10-40 µs (lz4, zstd), less than the way to another thread and back
 * would add to its commit. Larger ones would stand in the way of everybody else on this thread.
 */
const NOW_MAX = 64 * 1024;

/** A frame that is not sent yet. */
interface Waiting {
  readonly bytes: number;
  /** null: being compressed. */
  frame: Buffer | null;
}

/** Puts journal into the connection to the backup in the order in which it comes, compressed if the mirror is set so. */
export class JournalOutlet {
  /** More may be sent after much was waiting. */
  onDrain: () => void = () => undefined;
  readonly #channel: Channel;
  readonly #compressor: Compressor;
  readonly #type: CompressionType | null;
  /** From the first one that is being compressed on. */
  readonly #waiting: Waiting[] = [];
  #waitingBytes = 0;

  /** @param options.type null: as it is */
  constructor(options: { channel: Channel; compressor: Compressor; type: CompressionType | null }) {
    this.#channel = options.channel;
    this.#compressor = options.compressor;
    this.#type = options.type;
    this.#channel.connection.onDrain = () => this.onDrain();
  }

  /** Bytes handed over that the system has not taken yet. */
  get pending(): number {
    return this.#channel.connection.pending + this.#waitingBytes;
  }

  /** `content` may change afterwards. */
  send(durable: Position, content: Buffer): void {
    const type = this.#type;
    if (type !== null && content.length > NOW_MAX) return this.#compress(type, durable, Buffer.from(content));
    const compressed = type === null || content.length < COMPRESSED_MIN ? null : this.#compressor.compressNow(type, content);
    const frame = frameOf(durable, content, type, compressed);
    if (this.#waiting.length === 0) this.#channel.send(frame);
    else this.#wait({ bytes: frame.length, frame });
  }

  #compress(type: CompressionType, durable: Position, content: Buffer): void {
    const piece: Waiting = { bytes: content.length, frame: null };
    this.#wait(piece);
    this.#compressor.compress(type, content, (compressed) => {
      piece.frame = frameOf(durable, content, type, compressed);
      this.#flush();
    });
  }

  #wait(piece: Waiting): void {
    this.#waiting.push(piece);
    this.#waitingBytes += piece.bytes;
  }

  #flush(): void {
    for (let first = this.#waiting[0]; first !== undefined && first.frame !== null; first = this.#waiting[0]) {
      this.#channel.send(first.frame);
      this.#waiting.shift();
      this.#waitingBytes -= first.bytes;
    }
    this.onDrain();
  }
}
