import { GemelError } from '../api/errors.ts';
import { assert } from '../io/assert.ts';
import type { Bytes } from './bytes.ts';
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
const EMPTY = '\x01';
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

const CHARS: readonly string[] = Array.from({ length: 256 }, (_, code) => String.fromCharCode(code));

function char(code: number): string {
  const c = CHARS[code];
  assert(c !== undefined, 'a byte is 0 to 255');
  return c;
}

/** Encodes the text of one subscript: a canonical number as a number, any other text as a string. */
export function encodeSubscript(text: Bytes): Bytes {
  if (text === '') return EMPTY;
  const c = text.charCodeAt(0);
  if ((c <= DIGIT_9 && c >= DIGIT_0) || c === MINUS || c === POINT) {
    if (isPlainInteger(text, 0, text.length)) return encodePlainInteger(text, 0, text.length);
    const decimal = canonicalDecimal(text);
    if (decimal !== undefined) return encodeDecimal(decimal);
  }
  return encodeString(text);
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

/** Encodes what `isPlainInteger` accepts, without building a `Decimal`. */
export function encodePlainInteger(text: Bytes, start: number, end: number): Bytes {
  if (text.charCodeAt(start) === DIGIT_0) return char(ZERO);
  let last = end;
  while (text.charCodeAt(last - 1) === DIGIT_0) last--;
  return char(POSITIVE_UNIT + (end - start - 1)) + encodeMantissa(text, start, last, false);
}

/** A number within the range. */
export function encodeDecimal({ negative, digits, exponent }: Decimal): Bytes {
  if (digits === '') return char(ZERO);
  return encodeExponent(negative, exponent) + encodeMantissa(digits, 0, digits.length, negative);
}

function encodeExponent(negative: boolean, exponent: number): Bytes {
  if (exponent >= LARGE_EXPONENT) {
    const size = exponent - LARGE_EXPONENT;
    return negative ? char(NEGATIVE_LARGE) + char(0xff - size) : char(POSITIVE_LARGE) + char(size);
  }
  if (exponent >= 0) return char(negative ? NEGATIVE_UNIT - exponent : POSITIVE_UNIT + exponent);
  const size = exponent + EXPONENT_BIAS;
  return negative ? char(NEGATIVE_SMALL) + char(0xff - size) : char(POSITIVE_SMALL) + char(size);
}

function encodeMantissa(digits: Bytes, start: number, end: number, negative: boolean): Bytes {
  let out = '';
  for (let at = start; at < end; at += 2) {
    const tens = digits.charCodeAt(at) - DIGIT_0;
    const ones = at + 1 < end ? digits.charCodeAt(at + 1) - DIGIT_0 : 0;
    const pair = 2 * (tens * 10 + ones) + (at + 2 < end ? 1 : 0);
    out += char(negative ? 0xff - pair : pair);
  }
  return out;
}

function encodeString(text: Bytes): Bytes {
  for (let at = 0; at < text.length; at++) {
    const c = text.charCodeAt(at);
    if (c <= ESCAPE || c > 0xff) return char(STRING) + escapeString(text) + '\0';
  }
  return char(STRING) + text + '\0';
}

function escapeString(text: Bytes): Bytes {
  let out = '';
  for (let at = 0; at < text.length; at++) {
    const c = text.charCodeAt(at);
    out += c <= ESCAPE ? char(ESCAPE) + char(c + 1) : char(c);
  }
  return out;
}

function unescapeString(text: Bytes): Bytes {
  let out = '';
  for (let at = 0; at < text.length; at++) {
    const c = text.charCodeAt(at);
    if (c !== ESCAPE) out += char(c);
    else out += char(text.charCodeAt(++at) - 1);
  }
  return out;
}

/** Whether a key's last subscript is the empty string (the start or end of its level, not a node). */
export function endsEmpty(key: Bytes): boolean {
  return key.charCodeAt(key.length - 1) === EMPTY_CODE;
}

function damaged(key: Bytes, at: number): GemelError {
  return new GemelError('DAMAGED', `A key of ${key.length} bytes is not well formed at byte ${at}.`, 'Nothing was changed.', 'Verify the database.');
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
    return body.includes(EMPTY) ? unescapeString(body) : body;
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
