import { Packr } from 'msgpackr';
import { assert } from '../io/assert.ts';
import type { Connection } from '../io/net.ts';
import type { Position } from './failover/index.ts';

/**
 * Frames between mirror members, agents and arbiters: length u32 (of what follows), kind u8, payload. A connection
 * begins with the magic, so that a member's superserver port can tell them from clients.
 */
export const MAGIC = Buffer.from('GMLM\x01', 'latin1');

export const kinds = { control: 0, block: 1, compressed: 2, ack: 3, durable: 4 } as const;
export type Kind = (typeof kinds)[keyof typeof kinds];

/** Bytes that are no message of ours: the connection they came over ends. */
export class Malformed extends Error {}

/** The largest journal block with its frame, and some room. */
const FRAME_MAX = 20 * 1024 * 1024;
/** The most journal in one frame. */
export const JOURNAL_MAX = FRAME_MAX;
const HEAD = 5;
const POSITION = 12;

// Records (shared structures) would make frames depend on earlier ones.
const packr = new Packr({ useRecords: false });

function writePosition(to: Buffer, position: Position, at: number): void {
  to.writeUInt32LE(position.file, at);
  to.writeDoubleLE(position.offset, at + 4);
}

/** @throws Malformed */
export function readPosition(from: Buffer, at = 0): Position {
  if (from.length < at + POSITION) throw new Malformed('a position is cut short');
  return { file: from.readUInt32LE(at), offset: from.readDoubleLE(at + 4) };
}

function frame(kind: Kind, payloadBytes: number): Buffer {
  const bytes = Buffer.allocUnsafe(HEAD + payloadBytes);
  bytes.writeUInt32LE(payloadBytes + 1, 0);
  bytes.writeUInt8(kind, 4);
  return bytes;
}

export function controlFrame(message: unknown): Buffer {
  const payload = packr.pack(message);
  const bytes = frame(kinds.control, payload.length);
  payload.copy(bytes, HEAD);
  return bytes;
}

export function positionFrame(kind: typeof kinds.ack | typeof kinds.durable, position: Position): Buffer {
  const bytes = frame(kind, POSITION);
  writePosition(bytes, position, HEAD);
  return bytes;
}

/**
 * Journal blocks and file headers (compressed: see journal-frame.ts), with the position up to which the sender knows everything
 * durable. Copies the bytes.
 */
export function journalFrame(kind: typeof kinds.block | typeof kinds.compressed, durable: Position, ...parts: readonly Buffer[]): Buffer {
  const bytes = frame(
    kind,
    parts.reduce((sum, part) => sum + part.length, POSITION),
  );
  writePosition(bytes, durable, HEAD);
  let at = HEAD + POSITION;
  for (const part of parts) at += part.copy(bytes, at);
  return bytes;
}

export function splitJournalFrame(payload: Buffer): { durable: Position; content: Buffer } {
  return { durable: readPosition(payload), content: payload.subarray(POSITION) };
}

/** @throws Malformed */
export function decodeControl(payload: Buffer): unknown {
  try {
    return packr.unpack(payload);
  } catch (error) {
    throw new Malformed(`a control message cannot be read (${error instanceof Error ? error.message : String(error)})`);
  }
}

function kindOf(byte: number): Kind {
  const kind = Object.values(kinds).find((each) => each === byte);
  if (kind === undefined) throw new Malformed(`there is no kind of frame ${byte}`);
  return kind;
}

/** Cuts a byte stream into frames. */
export class FrameReader {
  #chunks: Buffer[] = [];
  #length = 0;
  #magic: boolean;

  /** @param magic whether the stream still begins with the magic */
  constructor(magic: boolean) {
    this.#magic = magic;
  }

  /**
   * Takes bytes in and calls `visit` for each whole frame; its payload is valid only during the call unless copied.
   * @throws Malformed for bytes that are no frames
   */
  push(bytes: Buffer, visit: (kind: Kind, payload: Buffer) => void): void {
    this.#chunks.push(bytes);
    this.#length += bytes.length;
    for (;;) {
      if (this.#magic) {
        if (this.#length < MAGIC.length) return;
        if (!this.#take(MAGIC.length).equals(MAGIC))
          throw new Malformed('the other side does not speak the mirror protocol of this version');
        this.#magic = false;
      }
      if (this.#length < 4) return;
      const length = this.#peek(4).readUInt32LE(0);
      if (length < 1 || length > FRAME_MAX) throw new Malformed(`a frame of ${length} bytes is impossible`);
      if (this.#length < 4 + length) return;
      const whole = this.#take(4 + length);
      visit(kindOf(whole.readUInt8(4)), whole.subarray(HEAD));
    }
  }

  #peek(n: number): Buffer {
    const first = this.#chunks[0];
    assert(first !== undefined, 'bytes are there');
    if (first.length >= n) return first;
    this.#join();
    return this.#chunks[0] ?? first;
  }

  #join(): void {
    this.#chunks = [Buffer.concat(this.#chunks)];
  }

  #take(n: number): Buffer {
    const first = this.#chunks[0];
    assert(first !== undefined, 'bytes are there');
    if (first.length < n) this.#join();
    const from = this.#chunks[0] ?? first;
    this.#length -= n;
    if (from.length === n) this.#chunks.shift();
    else this.#chunks[0] = from.subarray(n);
    return from.subarray(0, n);
  }
}

/** A connection that carries frames. Sends control messages, hands frames on, and remembers when it last spoke and heard. */
export class Channel {
  readonly connection: Connection;
  onFrame: (kind: Kind, payload: Buffer) => void = () => undefined;
  onClose: (why: string) => void = () => undefined;
  /** Told before the connection is closed because of what came over it. */
  onMalformed: (why: string) => void = () => undefined;
  lastSentAt: number;
  lastHeardAt: number;
  bytesReceived = 0;
  readonly #reader: FrameReader;
  readonly #now: () => number;
  #closed = false;
  #closedBecause: string | null = null;

  /** @param dialled whether this side made the connection and so begins with the magic */
  constructor(connection: Connection, dialled: boolean, now: () => number) {
    this.connection = connection;
    this.#now = now;
    this.lastSentAt = this.lastHeardAt = now();
    this.#reader = new FrameReader(!dialled);
    connection.onData = (bytes) => this.#receive(bytes);
    connection.onClose = (why) => this.#end(why);
    if (dialled) connection.write(MAGIC);
  }

  send(bytes: Buffer): boolean {
    if (this.#closed) return false;
    this.lastSentAt = this.#now();
    return this.connection.write(bytes);
  }

  control(message: unknown): boolean {
    return this.send(controlFrame(message));
  }

  close(why: string): void {
    this.#closedBecause ??= why;
    this.connection.close();
    this.#end(why);
  }

  get closed(): boolean {
    return this.#closed;
  }

  #end(why: string): void {
    if (this.#closed) return;
    this.#closed = true;
    this.onClose(this.#closedBecause ?? why);
  }

  #receive(bytes: Buffer): void {
    if (this.#closed) return;
    this.lastHeardAt = this.#now();
    this.bytesReceived += bytes.length;
    try {
      this.#reader.push(bytes, (kind, payload) => {
        if (!this.#closed) this.onFrame(kind, payload);
      });
    } catch (error) {
      // Anything else is a fault of ours and must not pass for one of the other side.
      if (!(error instanceof Malformed)) throw error;
      this.onMalformed(error.message);
      this.close(error.message);
    }
  }
}
