import { assert } from '../io/assert.ts';
import type { Bytes } from '../globals/bytes.ts';
import { splitInline } from './inline.ts';
import type { Limits } from './limits.ts';

/** The bytes are not a command and nobody can tell where the next one begins: the connection has to end. */
export class ProtocolError extends Error {
  constructor(what: string) {
    super(`Protocol error: ${what}`);
    this.name = 'ProtocolError';
  }
}

/** A whole command that was left out because it, or a part of it, is too long. */
export const OVERSIZED = Symbol('oversized');

const CR = 13;
const LF = 10;
const STAR = 42;
const DOLLAR = 36;
const HEADER_MAX = 32;
/** A stash larger than this is given back after use, so that an idle connection holds little. */
const STASH_KEPT = 4096;
const EMPTY = Buffer.alloc(0);

/**
 * Takes RESP requests (arrays of bulk strings) and inline commands apart, however the bytes are cut into chunks.
 * `push` a chunk, then call `next` until it returns undefined. Holds the arguments read so far and at most one
 * partial token beside the chunk itself.
 */
export class RequestParser {
  readonly #limits: Limits;
  #chunk: Buffer = EMPTY;
  #at = 0;
  /** The part of a token that came with earlier chunks; grows by doubling, never beyond the token. */
  #stash: Buffer = EMPTY;
  #stashed = 0;
  /** Arguments of the current command still to come; -1 between commands. */
  #missing = -1;
  /** Length of the string being read; -1 while its header is awaited. */
  #bulk = -1;
  /** Bytes to pass over. */
  #skip = 0;
  #arguments: Bytes[] = [];
  #argumentBytes = 0;
  #oversized = false;
  #line: Buffer = EMPTY;
  #lineStart = 0;
  #lineEnd = 0;

  constructor(limits: Limits) {
    this.#limits = limits;
  }

  /** A command has begun and not ended. */
  get midFrame(): boolean {
    return this.#missing >= 0 || this.#stashed > 0;
  }

  /** Memory held for unfinished and unread input. */
  get bufferedBytes(): number {
    const announced = this.#bulk >= 0 ? this.#bulk : 0;
    return this.#argumentBytes - announced + this.#stash.length + (this.#chunk.length - this.#at);
  }

  push(chunk: Buffer): void {
    this.#chunk = this.#at < this.#chunk.length ? Buffer.concat([this.#chunk.subarray(this.#at), chunk]) : chunk;
    this.#at = 0;
  }

  /**
   * The next whole command: its arguments (at least one), `OVERSIZED`, or undefined when more bytes are needed.
   * Throws ProtocolError; the parser must not be used afterwards.
   */
  next(): Bytes[] | typeof OVERSIZED | undefined {
    for (;;) {
      if (this.#missing < 0) {
        const inline = this.#begin();
        if (inline !== null) return inline;
      }
      if (this.#missing < 0) continue;
      if (!this.#readArguments()) return this.#suspend();
      const frame = this.#end();
      if (frame === OVERSIZED || frame.length > 0) return frame;
    }
  }

  /** All of the chunk is used up: let it go. */
  #suspend(): undefined {
    this.#chunk = EMPTY;
    this.#at = 0;
    return undefined;
  }

  /** Reads the first line of a command. null: an array has begun, or the line was empty. */
  #begin(): Bytes[] | undefined | null {
    if (!this.#takeLine(this.#limits.line)) return this.#suspend();
    if (this.#lineStart < this.#lineEnd && this.#line[this.#lineStart] === STAR) {
      const count = this.#length('multibulk');
      if (count > this.#limits.argumentsPerCommand) throw new ProtocolError('invalid multibulk length');
      this.#missing = count > 0 ? count : -1;
      return null;
    }
    const words = splitInline(this.#line.latin1Slice(this.#lineStart, this.#lineEnd));
    if (words === undefined) throw new ProtocolError('unbalanced quotes in request');
    if (words.length > this.#limits.argumentsPerCommand) throw new ProtocolError('too many words in request');
    return words.length > 0 ? words : null;
  }

  #readArguments(): boolean {
    while (this.#missing > 0) {
      if (this.#skip > 0) {
        if (!this.#pass()) return false;
        this.#missing--;
        continue;
      }
      if (this.#bulk < 0) {
        if (!this.#takeLine(HEADER_MAX)) return false;
        this.#announce();
        continue;
      }
      const text = this.#takeBulk(this.#bulk);
      if (text === undefined) return false;
      this.#arguments.push(text);
      this.#bulk = -1;
      this.#missing--;
    }
    return true;
  }

  /** Decides by the announced length whether the string is kept. */
  #announce(): void {
    if (this.#line[this.#lineStart] !== DOLLAR) throw new ProtocolError(`expected '$', got '${printable(this.#line[this.#lineStart])}'`);
    const length = this.#length('bulk');
    if (length < 0 || length > this.#limits.skippedValue) throw new ProtocolError('invalid bulk length');
    // 16 bytes stand for the place of the string itself, so that a million empty arguments count too
    this.#argumentBytes += length + 16;
    if (length > this.#limits.value || this.#argumentBytes > this.#limits.frame) {
      this.#oversized = true;
      this.#arguments = [];
    }
    if (this.#oversized) {
      this.#argumentBytes = 0;
      this.#skip = length + 2;
    } else this.#bulk = length;
  }

  #end(): Bytes[] | typeof OVERSIZED {
    const frame = this.#oversized ? OVERSIZED : this.#arguments;
    this.#arguments = [];
    this.#argumentBytes = 0;
    this.#oversized = false;
    this.#missing = -1;
    return frame;
  }

  #pass(): boolean {
    const step = Math.min(this.#skip, this.#chunk.length - this.#at);
    this.#at += step;
    this.#skip -= step;
    return this.#skip === 0;
  }

  /** Finds a line of at most `max` bytes and leaves it, without its end, in `#line`. */
  #takeLine(max: number): boolean {
    const chunk = this.#chunk;
    const from = this.#at;
    let at = from;
    while (at < chunk.length && chunk[at] !== LF) at++;
    if (this.#stashed + at - from > max) throw new ProtocolError('too big a line: no end of line where one was expected');
    if (at === chunk.length) {
      this.#keep(at - from, max);
      return false;
    }
    this.#at = at + 1;
    if (this.#stashed === 0) this.#setLine(chunk, from, at);
    else {
      this.#at = from;
      this.#keep(at + 1 - from, max + 1);
      this.#setLine(this.#stash, 0, this.#stashed - 1);
      this.#stashed = 0;
    }
    return true;
  }

  #setLine(line: Buffer, start: number, end: number): void {
    this.#line = line;
    this.#lineStart = start;
    this.#lineEnd = end > start && line[end - 1] === CR ? end - 1 : end;
  }

  /** The number in `#line` after its first byte; `*-1` is an empty command, as in Redis. */
  #length(what: string): number {
    const line = this.#line;
    let at = this.#lineStart + 1;
    if (line[this.#lineEnd] !== CR || at === this.#lineEnd) throw new ProtocolError(`invalid ${what} length`);
    const negative = line[at] === 45;
    if (negative) at++;
    let value = 0;
    for (const start = at; at < this.#lineEnd; at++) {
      const digit = (line[at] ?? 0) - 48;
      if (digit < 0 || digit > 9 || at - start >= 10) throw new ProtocolError(`invalid ${what} length`);
      value = value * 10 + digit;
    }
    return negative ? -1 : value;
  }

  /** The string itself, once it is there with its end of line. */
  #takeBulk(length: number): Bytes | undefined {
    const need = length + 2;
    const chunk = this.#chunk;
    const from = this.#at;
    if (this.#stashed === 0 && chunk.length - from >= need) {
      this.#at = from + need;
      if (chunk[from + length] !== CR || chunk[from + length + 1] !== LF) throw new ProtocolError('a string is longer than announced');
      return chunk.latin1Slice(from, from + length);
    }
    this.#keep(Math.min(need - this.#stashed, chunk.length - from), need);
    if (this.#stashed < need) return undefined;
    const stash = this.#stash;
    if (stash[length] !== CR || stash[length + 1] !== LF) throw new ProtocolError('a string is longer than announced');
    this.#stashed = 0;
    if (stash.length > STASH_KEPT) this.#stash = EMPTY;
    return stash.latin1Slice(0, length);
  }

  /** Moves `count` bytes from the chunk to the stash, which holds a token of at most `whole` bytes. */
  #keep(count: number, whole: number): void {
    const length = this.#stashed + count;
    assert(length <= whole, 'a token does not exceed its announced length');
    if (length > this.#stash.length) {
      const grown = Buffer.allocUnsafeSlow(Math.min(whole, Math.max(64, length, this.#stash.length * 2)));
      this.#stash.copy(grown, 0, 0, this.#stashed);
      this.#stash = grown;
    }
    this.#chunk.copy(this.#stash, this.#stashed, this.#at, this.#at + count);
    this.#at += count;
    this.#stashed = length;
  }
}

function printable(byte: number | undefined): string {
  return byte !== undefined && byte > 32 && byte < 127 ? String.fromCharCode(byte) : '?';
}
