import { assert } from '../../io/assert.ts';
import type { Connection } from '../../io/net.ts';
import type { SimProcess } from './process.ts';
import type { SimRandom } from './random.ts';
import type { Timeline } from './timeline.ts';

/** What a half of a connection needs of the network for what it sends. */
export interface Cable {
  readonly timeline: Timeline;
  readonly random: SimRandom;
  readonly way: { readonly latencyMs: number; readonly jitterMs: number; readonly bytesPerMs: number | null; readonly loss: number };
  /** Nothing passes now. */
  isCut(): boolean;
  /** The other host has power. */
  isUp(): boolean;
}

/** What the systems at both ends take of one direction before the sender has to wait, in bytes. */
const windowBytes = 256 * 1024;
/** Beyond it `write` says that more should wait. */
const highWater = 16 * 1024;
/** While nothing passes, systems try again after so long, and then twice as long each time, in ms. */
const retryMs = { first: 40, most: 640 } as const;
/** How likely pieces that have arrived are taken together, and one is taken in two. */
const joined = 0.5;
const split = 0.05;

/** null: the end of the stream. */
interface Piece {
  readonly bytes: Buffer | null;
  readonly sentAt: number;
  readonly arrivesAt: number;
}

/** One end of a simulated connection, and what it sends. */
export class Half {
  readonly process: SimProcess;
  readonly connection: Connection;
  /** Told when this end is gone. */
  onGone: () => void = () => undefined;
  readonly #cable: Cable;
  readonly #record: ((bytes: Buffer) => void) | null;
  #other: Half | null = null;
  /** Not yet at the other host, oldest first. */
  #underWay: Piece[] = [];
  /** At the other host, not yet taken by its process. */
  #arrived: Piece[] = [];
  /** Bytes of both. */
  #bytes = 0;
  #isPumping = false;
  #retry: number = retryMs.first;
  #wantsDrain = false;
  /** Its process has got the connection. */
  #isOpen = false;
  /** This end takes and says nothing any more. */
  #gone = false;

  constructor(process: SimProcess, remote: string, cable: Cable, record: ((bytes: Buffer) => void) | null) {
    this.process = process;
    this.#cable = cable;
    this.#record = record;
    const pending = (): number => Math.max(0, this.#bytes - windowBytes);
    this.connection = {
      remote,
      onData: () => undefined,
      onClose: () => undefined,
      onDrain: () => undefined,
      write: (bytes) => this.#write(bytes),
      get pending() {
        return pending();
      },
      close: () => this.#close('closed here'),
    };
    process.onEnd(() => this.#ended());
  }

  get gone(): boolean {
    return this.#gone;
  }

  join(other: Half): void {
    this.#other = other;
  }

  /** Its process has the connection and set its callbacks: what has arrived can be told. */
  opened(): void {
    this.#isOpen = true;
    const from = this.#far;
    for (const _ of from.#arrived) this.process.at(this.process.now, () => from.#deliver());
  }

  get #far(): Half {
    assert(this.#other !== null, 'a connection has two ends');
    return this.#other;
  }

  // ------------------------------------------------------------ sending

  #write(bytes: Uint8Array): boolean {
    if (this.#gone || !this.process.alive) return false;
    const piece = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#record?.(piece);
    this.#bytes += piece.length;
    this.#send(piece);
    const isMuch = this.#bytes - windowBytes > highWater;
    if (isMuch) this.#wantsDrain = true;
    return !isMuch;
  }

  #send(bytes: Buffer | null): void {
    const { way, timeline, random } = this.#cable;
    // Nothing travels before its sender has come to it, and nothing overtakes what was sent before.
    const sentAt = this.process.alive ? this.process.now : timeline.now;
    const before = this.#underWay.at(-1)?.arrivesAt ?? 0;
    const transfer = way.bytesPerMs === null || bytes === null ? 0 : bytes.length / way.bytesPerMs;
    const arrivesAt = Math.max(before, sentAt + way.latencyMs + way.jitterMs * random.float()) + transfer;
    this.#underWay.push({ bytes, sentAt, arrivesAt });
    this.#pump();
  }

  #pump(): void {
    const [first] = this.#underWay;
    if (this.#isPumping || first === undefined) return;
    this.#isPumping = true;
    this.#cable.timeline.at(first.arrivesAt, () => this.#arrive());
  }

  /** The oldest piece under way gets to the other host, or is tried again, and with it all behind it. */
  #arrive(): void {
    const { way, timeline, random } = this.#cable;
    if (this.#cable.isCut() || !this.#cable.isUp() || (way.loss > 0 && random.chance(way.loss))) {
      timeline.in(this.#retry * random.between(0.8, 1.2), () => this.#arrive());
      this.#retry = Math.min(this.#retry * 2, retryMs.most);
      return;
    }
    this.#retry = retryMs.first;
    this.#isPumping = false;
    const [piece] = this.#underWay;
    // What this was about has been dropped.
    if (piece === undefined || piece.arrivesAt > timeline.now) return this.#pump();
    this.#underWay.shift();
    this.#pump();
    // Whoever gets something for a connection that he does not know says so.
    if (this.#far.#gone) return this.#refused();
    this.#arrived.push(piece);
    this.#far.process.run(() => this.#deliver());
  }

  /** The other end takes the next piece, a part of it, or some at once. */
  #deliver(): void {
    const to = this.#far;
    const { random } = this.#cable;
    const first = this.#arrived[0];
    if (first === undefined || to.#gone || !to.#isOpen) return;
    if (first.bytes === null) return to.#close('closed by the other side');
    let bytes = first.bytes;
    this.#arrived.shift();
    if (bytes.length > 1 && random.chance(split)) {
      const at = 1 + random.below(bytes.length - 1);
      this.#arrived.unshift({ ...first, bytes: bytes.subarray(at) });
      bytes = bytes.subarray(0, at);
      to.process.at(to.process.now, () => this.#deliver());
    } else {
      const more: Buffer[] = [];
      for (let next = this.#arrived[0]?.bytes ?? null; next !== null && random.chance(joined); next = this.#arrived[0]?.bytes ?? null) {
        more.push(next);
        this.#arrived.shift();
      }
      if (more.length > 0) bytes = Buffer.concat([bytes, ...more]);
    }
    this.#bytes -= bytes.length;
    this.#drained();
    to.connection.onData(bytes);
  }

  #drained(): void {
    if (!this.#wantsDrain || this.#bytes > windowBytes) return;
    this.#wantsDrain = false;
    this.process.at(this.process.now, () => {
      if (!this.#gone) this.connection.onDrain();
    });
  }

  // ------------------------------------------------------------ ending

  /** The other host knows nothing of the connection: its answer ends it here. */
  #refused(): void {
    if (this.#gone) return;
    const cable = this.#far.#cable;
    cable.timeline.in(cable.way.latencyMs + cable.way.jitterMs * cable.random.float(), () => {
      if (!cable.isCut()) this.reset('connection reset by the other side');
    });
  }

  /** Ends this end as a reset does: what it has sent and nobody has taken is lost. */
  reset(why: string): void {
    this.#lose();
    this.process.run(() => this.#close(why));
  }

  #lose(): void {
    this.#underWay = [];
    this.#arrived = [];
    this.#bytes = 0;
  }

  /** What the system has taken is still sent, then the end of the stream. */
  #close(why: string): void {
    if (this.#gone) return;
    this.#finish();
    // As a real socket: told in a turn of its own.
    this.process.at(this.process.now, () => this.connection.onClose(why));
  }

  /** The process ended: its system closes the connection, unless the whole host is gone. */
  #ended(): void {
    if (this.#gone) return;
    const { now } = this.#cable.timeline;
    // What it would have sent after its end.
    this.#keep((piece) => piece.sentAt <= now);
    if (this.process.host.isOn) return this.#finish();
    this.#gone = true;
    this.#lose();
    this.onGone();
  }

  #finish(): void {
    this.#gone = true;
    // What the system had no room for was never sent.
    let room = windowBytes;
    for (const piece of this.#arrived) room -= piece.bytes?.length ?? 0;
    this.#keep((piece) => {
      room -= piece.bytes?.length ?? 0;
      return room >= 0;
    });
    this.#send(null);
    this.onGone();
  }

  #keep(which: (piece: Piece) => boolean): void {
    this.#underWay = this.#underWay.filter((piece) => {
      const kept = which(piece);
      if (!kept) this.#bytes -= piece.bytes?.length ?? 0;
      return kept;
    });
  }
}
