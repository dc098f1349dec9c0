import { GemelError } from '../api/errors.ts';
import type { Bytes } from '../globals/bytes.ts';

const FIRST_SIZE = 1024;
const NEXT_SIZE = 16 * 1024;
/** Room for a type byte, a number and the end of line. */
const HEADER = 24;
const CR = 13;
const LF = 10;
const ZERO = 48;

/**
 * The replies of one connection that are not sent yet, already in wire form and in order: a buffer that is only ever
 * written forward, so that what `take` has handed to the socket stays as it is. Offsets count the bytes of the
 * connection's whole life.
 */
export class Output {
  /** The client's choice with HELLO. */
  protocol: 2 | 3 = 2;
  readonly #replyLimit: number;
  #buffer: Buffer = Buffer.allocUnsafeSlow(FIRST_SIZE);
  /** Offset of the buffer's first byte. */
  #base = 0;
  #taken = 0;
  #length = 0;
  #replyStart = 0;

  constructor(replyLimit: number) {
    this.#replyLimit = replyLimit;
  }

  /** Offset behind the last reply. */
  get end(): number {
    return this.#base + this.#length;
  }

  /** Bytes not taken yet. */
  get waiting(): number {
    return this.#length - this.#taken;
  }

  /** From here on bytes belong to a new reply, whose size is bounded. */
  beginReply(): void {
    this.#replyStart = this.end;
  }

  /** Forgets what was written behind `offset`, which must not be taken yet. */
  rewind(offset: number): void {
    this.#length = offset - this.#base;
  }

  /** The bytes up to `offset` that were not taken before. They are the caller's to send; undefined when there are none. */
  take(offset: number): Buffer | undefined {
    const to = offset - this.#base;
    if (to <= this.#taken) return undefined;
    const bytes = this.#buffer.subarray(this.#taken, to);
    this.#taken = to;
    return bytes;
  }

  ok(): void {
    this.raw('+OK\r\n');
  }

  simple(text: string): void {
    this.raw(`+${text}\r\n`);
  }

  /** An error line. Ends of line within `text` become spaces; text beyond latin1 goes out as UTF-8. */
  error(code: string, text: string): void {
    const line = `-${code} ${text.replace(/[\r\n\0]+/g, ' ')}\r\n`;
    const bytes = /[^\0-\xff]/.test(line) ? Buffer.from(line, 'utf8').latin1Slice() : line;
    // an error always finds room: it replaces a reply that did not
    this.#room(bytes.length, false);
    this.#append(bytes);
  }

  integer(value: number): void {
    this.#room(HEADER, true);
    this.#header(58, value);
  }

  /** An integer too long for a number, or one that is text already. */
  integerText(digits: string): void {
    this.raw(`:${digits}\r\n`);
  }

  /** A binary-safe string; undefined is the null reply. */
  bulk(value: Bytes | undefined): void {
    if (value === undefined) {
      this.null();
      return;
    }
    this.#room(value.length + HEADER, true);
    this.#header(36, value.length);
    this.#append(value);
    this.#line();
  }

  null(): void {
    this.raw(this.protocol === 3 ? '_\r\n' : '$-1\r\n');
  }

  nullArray(): void {
    this.raw(this.protocol === 3 ? '_\r\n' : '*-1\r\n');
  }

  /** `count` replies follow. */
  array(count: number): void {
    this.#room(HEADER, true);
    this.#header(42, count);
  }

  /** `count` pairs of replies follow. */
  map(count: number): void {
    this.#room(HEADER, true);
    if (this.protocol === 3) this.#header(37, count);
    else this.#header(42, count * 2);
  }

  /** A text for people; a plain string in RESP2. `text` is UTF-8 when sent. */
  verbatim(text: string): void {
    const bytes = Buffer.from(text, 'utf8').latin1Slice();
    if (this.protocol === 2) this.bulk(bytes);
    else this.raw(`=${bytes.length + 4}\r\ntxt:${bytes}\r\n`);
  }

  /** Wire bytes as they are. */
  raw(bytes: Bytes): void {
    this.#room(bytes.length, true);
    this.#append(bytes);
  }

  #append(bytes: Bytes): void {
    this.#length += this.#buffer.latin1Write(bytes, this.#length);
  }

  #header(type: number, value: number): void {
    if (value < 0 || value > 999_999_999) {
      this.#append(`${String.fromCharCode(type)}${value}\r\n`);
      return;
    }
    const buffer = this.#buffer;
    let digits = 1;
    for (let bound = 10; value >= bound; bound *= 10) digits++;
    buffer[this.#length] = type;
    let rest = value;
    for (let at = this.#length + digits; at > this.#length; at--) {
      const next = Math.floor(rest / 10);
      buffer[at] = ZERO + rest - next * 10;
      rest = next;
    }
    this.#length += digits + 1;
    this.#line();
  }

  #line(): void {
    this.#buffer[this.#length++] = CR;
    this.#buffer[this.#length++] = LF;
  }

  #room(bytes: number, bounded: boolean): void {
    if (bounded && this.end + bytes - this.#replyStart > this.#replyLimit) throw replyTooLong(this.#replyLimit);
    if (this.#length + bytes <= this.#buffer.length) return;
    const grown = Buffer.allocUnsafeSlow(Math.max(NEXT_SIZE, (this.#length - this.#taken + bytes) * 2));
    this.#buffer.copy(grown, 0, this.#taken, this.#length);
    this.#buffer = grown;
    this.#base += this.#taken;
    this.#length -= this.#taken;
    this.#taken = 0;
  }
}

function replyTooLong(limit: number): GemelError {
  return new GemelError(
    'MAXSTRING',
    `The reply is longer than ${limit} bytes and was left out.`,
    'The command itself was carried out.',
    'Ask for less at a time.',
  );
}
