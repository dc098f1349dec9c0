import type { Socket } from 'node:net';
import { Packr } from 'msgpackr';
import { GemelError, type ErrorCondition } from '../errors.ts';

/** Version of the frames below; both ends say it in their first frame. */
export const PROTOCOL = 1;

/** Larger frames are a fault of the other end: management values are small. */
const FRAME_BYTES_MAX = 16 * 1024 * 1024;

const LENGTH_BYTES = 4;

/** What a client sends. */
export type Request =
  | { readonly id: number; readonly call: string; readonly params: unknown }
  | { readonly id: number; readonly subscribe: string }
  | { readonly id: number; readonly unsubscribe: true };

/** An error as it travels. */
export interface WireError {
  readonly code: string;
  readonly what: string;
  readonly safe: string;
  readonly todo: string;
  readonly condition?: ErrorCondition;
}

/** What a server sends: a greeting first, then answers and pushed values. */
export type Reply =
  | { readonly hello: { readonly protocol: number; readonly pid: number } }
  | { readonly id: number; readonly result: unknown }
  | { readonly id: number; readonly error: WireError }
  | { readonly id: number; readonly push: unknown };

// No shared record structures: each frame can be read alone. Values keep undefined apart from null.
const packr = new Packr({ useRecords: false, encodeUndefinedAsNil: false });

/**
 * One message as a length-prefixed msgpack frame. A key `__proto__`, which no value of the contract has, is read back as `__proto_`:
 * so it is never the prototype of what is read.
 */
export function encodeFrame(message: Request | Reply): Buffer {
  const body = packr.pack(message);
  const frame = Buffer.allocUnsafe(LENGTH_BYTES + body.length);
  frame.writeUInt32BE(body.length, 0);
  body.copy(frame, LENGTH_BYTES);
  return frame;
}

/** Cuts a byte stream into frames, whatever the pieces it arrives in. */
export class FrameReader {
  #pending: Buffer[] = [];
  #bytes = 0;

  /** The messages completed by `chunk`. Throws when the stream is not ours. */
  push(chunk: Buffer): unknown[] {
    this.#pending.push(chunk);
    this.#bytes += chunk.length;
    const messages: unknown[] = [];
    for (;;) {
      const body = this.#takeBody();
      if (body === undefined) return messages;
      messages.push(packr.unpack(body));
    }
  }

  #takeBody(): Buffer | undefined {
    if (this.#bytes < LENGTH_BYTES) return undefined;
    const first = this.#pending[0];
    if (first === undefined || first.length < LENGTH_BYTES) this.#join();
    const length = this.#pending[0]?.readUInt32BE(0) ?? 0;
    if (length > FRAME_BYTES_MAX) {
      throw new GemelError('REFUSED', `A management frame of ${length} bytes is larger than allowed (${FRAME_BYTES_MAX}).`);
    }
    const end = LENGTH_BYTES + length;
    if (this.#bytes < end) return undefined;
    const all = this.#join();
    this.#pending = all.length > end ? [all.subarray(end)] : [];
    this.#bytes = all.length - end;
    return all.subarray(LENGTH_BYTES, end);
  }

  #join(): Buffer {
    const all = this.#pending.length === 1 ? (this.#pending[0] ?? Buffer.alloc(0)) : Buffer.concat(this.#pending);
    this.#pending = [all];
    return all;
  }
}

/** True when the other end takes more now; false: wait for 'drain'. */
export function sendFrame(socket: Socket, message: Request | Reply): boolean {
  return socket.writable ? socket.write(encodeFrame(message)) : false;
}
