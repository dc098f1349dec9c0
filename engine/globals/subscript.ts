import { GemelError } from '../api/errors.ts';
import { assert } from '../io/assert.ts';
import type { Bytes, Key } from './bytes.ts';
import { canonicalDecimal, formatDecimal, type Decimal } from './number.ts';

/*
 * One encoded subscript is a type byte and a body that ends itself:
 *
 *   01           the empty string: never stored, stands for the start or the end of a level
 *   02 X M..     negative, exponent >= 18     X = FF - (exponent - 18)
 *   03..14 M..   negative, exponent 17..0
 *   15 X M..     negative, exponent < 0       X = FF - (exponent + 128)
 *   20           zero
 *   21 X M..     positive, exponent < 0       X = exponent + 128
 *   22..33 M..   positive, exponent 0..17
 *   34 X M..     positive, exponent >= 18     X = exponent - 18
 *   40 S.. 00    a string; its bytes 00 and 01 are written 01 01 and 01 02
 *
 * The exponent is that of the first digit. M.. are pairs of digits, left aligned, each 2 x pair, plus 1 where another
 * pair follows (so a shorter mantissa comes first); a negative's are FF minus that. No encoding but the empty one ends in 01.
 */
const EMPTY_CODE = 0x01;
const NEGATIVE_LARGE = 0x02;
const NEGATIVE_UNIT = 0x14;
const NEGATIVE_SMALL = 0x15;
const ZERO = 0x20;
const POSITIVE_SMALL = 0x21;
const POSITIVE_UNIT = 0x22;
const POSITIVE_LARGE = 0x34;
const STRING = 0x40;

/** Exponents from here on need a byte of their own. */
const LARGE_EXPONENT = 18;
const EXPONENT_BIAS = 128;
const ESCAPE = 0x01;
const DIGIT_0 = 0x30;
const DIGIT_9 = 0x39;
const MINUS = 0x2d;
const POINT = 0x2e;

/** Bytes of a whole key. */
export const KEY_MAX = 1024;
/** Room for a key within the limit and one more subscript: at most two bytes a character, or a number. */
const ROOM = KEY_MAX + 2 * KEY_MAX + 256;

/**
 * Builds one key at a time, into bytes: a key then is one flat string. (One put together from pieces would be a tree
 * of them to the JavaScript engine, which costs each later comparison and twice the memory.)
 */
export class KeyBuilder {
  readonly #bytes = Buffer.alloc(ROOM);
  #length = 0;

  start(): void {
    this.#length = 0;
  }

  byte(code: number): void {
    this.#bytes[this.#length++] = code;
  }

  /** `text[start..end)` as it is. */
  text(text: Bytes, start: number, end: number): void {
    this.#room(end - start);
    for (let at = start; at < end; at++) this.byte(text.charCodeAt(at));
  }

  /** `text[start..end)` with the two bytes escaped that have a meaning within a string subscript. */
  escaped(text: Bytes, start: number, end: number): void {
    this.#room(end - start);
    for (let at = start; at < end; at++) {
      const c = text.charCodeAt(at);
      if (c <= ESCAPE || c > 0xff) this.#escape(c);
      else this.#bytes[this.#length++] = c;
    }
  }

  #escape(c: number): void {
    assert(c <= 0xff, 'a character of a binary string is a byte');
    this.byte(ESCAPE);
    this.byte(c + 1);
  }

  /** Throws `SUBSCRIPT` when the key has become too long: after every subscript, so that the next one finds room. */
  check(): void {
    if (this.#length > KEY_MAX) throw keyTooLong(this.#length);
  }

  #room(length: number): void {
    if (length > KEY_MAX) throw keyTooLong(this.#length + length);
  }

  key(): Key {
    this.check();
    return this.#bytes.latin1Slice(0, this.#length);
  }

  /** Whether the last subscript is the empty string. */
  get endsEmpty(): boolean {
    return this.#bytes[this.#length - 1] === EMPTY_CODE;
  }
}

/** The one that all of a thread's keys are built in: building a key calls nothing that builds another. */
export const builder = new KeyBuilder();

export function keyTooLong(length: number): GemelError {
  return new GemelError(
    'SUBSCRIPT',
    `The encoded reference has ${length} bytes or more; ${KEY_MAX} are allowed.`,
    'Nothing was changed.',
    'Use fewer or shorter subscripts.',
  );
}

/** Appends the subscript whose text is `text[start..end)`: a canonical number as a number, any other text as a string. */
export function appendSubscript(to: KeyBuilder, text: Bytes, start: number, end: number): void {
  if (start === end) to.byte(EMPTY_CODE);
  else if (!appendCanonicalNumber(to, text, start, end)) {
    to.byte(STRING);
    to.escaped(text, start, end);
    to.byte(0);
  }
  to.check();
}

function appendCanonicalNumber(to: KeyBuilder, text: Bytes, start: number, end: number): boolean {
  const c = text.charCodeAt(start);
  if ((c < DIGIT_0 || c > DIGIT_9) && c !== MINUS && c !== POINT) return false;
  if (isPlainInteger(text, start, end)) {
    appendPlainInteger(to, text, start, end);
    return true;
  }
  const decimal = canonicalDecimal(text.slice(start, end));
  if (decimal === undefined) return false;
  appendDecimal(to, decimal);
  return true;
}

/** Whether `text[start..end)` is a canonical integer of at most 18 digits without a sign. */
export function isPlainInteger(text: Bytes, start: number, end: number): boolean {
  if (end - start > LARGE_EXPONENT || end <= start) return false;
  if (text.charCodeAt(start) === DIGIT_0) return end - start === 1;
  for (let at = start; at < end; at++) {
    const c = text.charCodeAt(at);
    if (c < DIGIT_0 || c > DIGIT_9) return false;
  }
  return true;
}

/** Appends what `isPlainInteger` accepts, without building a `Decimal`. */
export function appendPlainInteger(to: KeyBuilder, text: Bytes, start: number, end: number): void {
  if (text.charCodeAt(start) === DIGIT_0) {
    to.byte(ZERO);
    return;
  }
  let last = end;
  while (text.charCodeAt(last - 1) === DIGIT_0) last--;
  to.byte(POSITIVE_UNIT + (end - start - 1));
  appendMantissa(to, text, start, last, false);
}

/** A number within the range. */
export function appendDecimal(to: KeyBuilder, { negative, digits, exponent }: Decimal): void {
  if (digits === '') {
    to.byte(ZERO);
    return;
  }
  appendExponent(to, negative, exponent);
  appendMantissa(to, digits, 0, digits.length, negative);
}

function appendExponent(to: KeyBuilder, negative: boolean, exponent: number): void {
  if (exponent >= 0 && exponent < LARGE_EXPONENT) {
    to.byte(negative ? NEGATIVE_UNIT - exponent : POSITIVE_UNIT + exponent);
    return;
  }
  const large = exponent > 0;
  const size = large ? exponent - LARGE_EXPONENT : exponent + EXPONENT_BIAS;
  if (negative) to.byte(large ? NEGATIVE_LARGE : NEGATIVE_SMALL);
  else to.byte(large ? POSITIVE_LARGE : POSITIVE_SMALL);
  to.byte(negative ? 0xff - size : size);
}

function appendMantissa(to: KeyBuilder, digits: Bytes, start: number, end: number, negative: boolean): void {
  for (let at = start; at < end; at += 2) {
    const tens = digits.charCodeAt(at) - DIGIT_0;
    const ones = at + 1 < end ? digits.charCodeAt(at + 1) - DIGIT_0 : 0;
    const pair = 2 * (tens * 10 + ones) + (at + 2 < end ? 1 : 0);
    to.byte(negative ? 0xff - pair : pair);
  }
}

function unescapeString(text: Bytes): Bytes {
  let out = '';
  for (let at = 0; at < text.length; at++) {
    const c = text.charCodeAt(at);
    out += String.fromCharCode(c === ESCAPE ? text.charCodeAt(++at) - 1 : c);
  }
  return out;
}

/** Whether a key's last subscript is the empty string (the start or end of its level, not a node). */
export function endsEmpty(key: Bytes): boolean {
  return key.charCodeAt(key.length - 1) === EMPTY_CODE;
}

function damaged(key: Bytes, at: number): GemelError {
  return new GemelError(
    'DAMAGED',
    `A key of ${key.length} bytes is not well formed at byte ${at}.`,
    'Nothing was changed.',
    'Verify the database.',
  );
}

function isNumber(type: number): boolean {
  return type >= NEGATIVE_LARGE && type <= POSITIVE_LARGE;
}

/** Whether the subscript encoded at `at` is a number. */
export function isNumberAt(key: Bytes, at: number): boolean {
  return isNumber(key.charCodeAt(at));
}

/** Where the subscript encoded at `at` ends. Throws `DAMAGED` where there is none. */
export function subscriptEnd(key: Bytes, at: number): number {
  const type = key.charCodeAt(at);
  if (type === EMPTY_CODE || type === ZERO) return at + 1;
  if (type === STRING) {
    const end = key.indexOf('\0', at + 1);
    if (end < 0) throw damaged(key, at);
    return end + 1;
  }
  if (!isNumber(type)) throw damaged(key, at);
  const final = type < ZERO ? 1 : 0;
  let end = mantissaStart(type, at);
  while ((key.charCodeAt(end) & 1) !== final && end < key.length) end++;
  if (end >= key.length) throw damaged(key, at);
  return end + 1;
}

function mantissaStart(type: number, at: number): number {
  const ownByte = type === NEGATIVE_LARGE || type === NEGATIVE_SMALL || type === POSITIVE_SMALL || type === POSITIVE_LARGE;
  return ownByte ? at + 2 : at + 1;
}

/** The text of the subscript encoded in `key[at..end)`. */
export function decodeSubscript(key: Bytes, at: number, end: number): Bytes {
  const type = key.charCodeAt(at);
  if (type === EMPTY_CODE) return '';
  if (type === STRING) {
    const body = key.slice(at + 1, end - 1);
    return body.includes('\x01') ? unescapeString(body) : body;
  }
  return formatDecimal(decodeNumber(key, at, end));
}

function decodeNumber(key: Bytes, at: number, end: number): Decimal {
  const type = key.charCodeAt(at);
  if (type === ZERO) return { negative: false, digits: '', exponent: 0 };
  const negative = type < ZERO;
  let digits = '';
  for (let i = mantissaStart(type, at); i < end; i++) {
    const byte = negative ? 0xff - key.charCodeAt(i) : key.charCodeAt(i);
    const pair = byte >> 1;
    digits += pair < 10 ? `0${pair}` : String(pair);
  }
  if (digits.endsWith('0')) digits = digits.slice(0, -1);
  return { negative, digits, exponent: decodeExponent(type, key.charCodeAt(at + 1)) };
}

function decodeExponent(type: number, byte: number): number {
  if (type === NEGATIVE_LARGE) return 0xff - byte + LARGE_EXPONENT;
  if (type === NEGATIVE_SMALL) return 0xff - byte - EXPONENT_BIAS;
  if (type === POSITIVE_SMALL) return byte - EXPONENT_BIAS;
  if (type === POSITIVE_LARGE) return byte + LARGE_EXPONENT;
  return type < ZERO ? NEGATIVE_UNIT - type : type - POSITIVE_UNIT;
}
