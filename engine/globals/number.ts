import { GemelError } from '../api/errors.ts';
import type { Bytes } from './bytes.ts';

/** Significant digits that a number keeps. */
const DIGITS_MAX = 18;
/** Exponents of the first significant digit (1 is 1E0) between which a number is a number. */
const EXPONENT_MIN = -128;
const EXPONENT_MAX = 145;

/** A decimal number d.ddd x 10^exponent. `digits` has no leading and no trailing zeros; '' is zero (exponent 0, not negative). */
export interface Decimal {
  readonly negative: boolean;
  readonly digits: string;
  readonly exponent: number;
}

interface ScannedNumber {
  readonly decimal: Decimal;
  /** Where the number's text ends. */
  readonly end: number;
}

const ZERO: Decimal = { negative: false, digits: '', exponent: 0 };
const PLUS = 0x2b;
const MINUS = 0x2d;
const POINT = 0x2e;
const DIGIT_0 = 0x30;
const DIGIT_9 = 0x39;
const UPPER_E = 0x45;
const LOWER_E = 0x65;
/** Exponents written in a text count up to here: far outside the range already. */
const EXPONENT_TEXT_MAX = 100_000;

function digitsEnd(text: Bytes, from: number): number {
  let at = from;
  for (let c = text.charCodeAt(at); c >= DIGIT_0 && c <= DIGIT_9; c = text.charCodeAt(at)) at++;
  return at;
}

/**
 * Reads the number that begins at `from`: signs, digits with at most one point, and an optional exponent (`1E3`).
 * The result is rounded to 18 digits but may be outside the range (see `inRange`). Undefined when no digit stands there.
 */
export function scanNumber(text: Bytes, from: number): ScannedNumber | undefined {
  let at = from;
  let negative = false;
  for (let c = text.charCodeAt(at); c === PLUS || c === MINUS; c = text.charCodeAt(at)) {
    if (c === MINUS) negative = !negative;
    at++;
  }
  const wholeEnd = digitsEnd(text, at);
  const whole = text.slice(at, wholeEnd);
  at = wholeEnd;
  let fraction = '';
  if (text.charCodeAt(at) === POINT) {
    const end = digitsEnd(text, at + 1);
    fraction = text.slice(at + 1, end);
    if (whole !== '' || fraction !== '') at = end;
  }
  if (whole === '' && fraction === '') return undefined;
  const exponent = scanExponent(text, at);
  return { decimal: normalise(negative, whole + fraction, whole.length - 1 + exponent.value), end: exponent.end };
}

function scanExponent(text: Bytes, from: number): { value: number; end: number } {
  const none = { value: 0, end: from };
  const mark = text.charCodeAt(from);
  if (mark !== UPPER_E && mark !== LOWER_E) return none;
  const sign = text.charCodeAt(from + 1);
  const start = sign === PLUS || sign === MINUS ? from + 2 : from + 1;
  const end = digitsEnd(text, start);
  if (end === start) return none;
  const size = Math.min(Number(text.slice(start, end)), EXPONENT_TEXT_MAX);
  return { value: sign === MINUS ? -size : size, end };
}

/** `digits` may have zeros at both ends and any length; `exponent` is that of its first digit. */
function normalise(negative: boolean, digits: string, exponent: number): Decimal {
  let start = 0;
  while (digits.charCodeAt(start) === DIGIT_0) start++;
  if (start === digits.length) return ZERO;
  let kept = digits.slice(start, start + DIGITS_MAX);
  let first = exponent - start;
  if (digits.charCodeAt(start + DIGITS_MAX) >= DIGIT_0 + 5) {
    kept = String(BigInt(kept) + 1n);
    if (kept.length > DIGITS_MAX) first++;
  }
  let end = kept.length;
  while (kept.charCodeAt(end - 1) === DIGIT_0) end--;
  return { negative, digits: kept.slice(0, end), exponent: first };
}

/** Whether a number can be a numeric subscript or value. */
function inRange(decimal: Decimal): boolean {
  return decimal.exponent >= EXPONENT_MIN && decimal.exponent <= EXPONENT_MAX;
}

/** A number that is too small becomes 0; one that is too large throws `code`. */
export function intoRange(decimal: Decimal, code: 'ERR' | 'SUBSCRIPT'): Decimal {
  if (decimal.exponent < EXPONENT_MIN) return ZERO;
  if (decimal.exponent <= EXPONENT_MAX) return decimal;
  throw new GemelError(
    code,
    `A number is too large: the largest exponent is E${EXPONENT_MAX}.`,
    'Nothing was changed.',
    'Use a smaller number, or a string in quotes.',
  );
}

/** The canonical text: no exponent, no leading zeros, no trailing zeros after the point. */
export function formatDecimal({ negative, digits, exponent }: Decimal): Bytes {
  if (digits === '') return '0';
  const sign = negative ? '-' : '';
  if (exponent < 0) return `${sign}.${'0'.repeat(-exponent - 1)}${digits}`;
  if (exponent >= digits.length - 1) return sign + digits + '0'.repeat(exponent + 1 - digits.length);
  return `${sign}${digits.slice(0, exponent + 1)}.${digits.slice(exponent + 1)}`;
}

/** The number a value counts as: its longest leading number, 0 where there is none. */
function numericValue(value: Bytes): Decimal {
  return intoRange(scanNumber(value, 0)?.decimal ?? ZERO, 'ERR');
}

/** The canonical decimal that `text` is the text of; undefined where `text` is any other string ("01", "1.0", "-0", "1E3"). */
export function canonicalDecimal(text: Bytes): Decimal | undefined {
  const scanned = scanNumber(text, 0);
  if (scanned === undefined || scanned.end !== text.length || !inRange(scanned.decimal)) return undefined;
  return formatDecimal(scanned.decimal) === text ? scanned.decimal : undefined;
}

/** Integers up to here add exactly as JavaScript numbers. */
const SMALL_DIGITS_MAX = 15;

/** The value of a short integer text, NaN for anything else. '' is 0. */
function smallInteger(text: Bytes): number {
  const start = text.charCodeAt(0) === MINUS ? 1 : 0;
  if (text.length - start > SMALL_DIGITS_MAX || (start === 1 && text.length === 1)) return NaN;
  let value = 0;
  for (let at = start; at < text.length; at++) {
    const c = text.charCodeAt(at);
    if (c < DIGIT_0 || c > DIGIT_9) return NaN;
    value = value * 10 + (c - DIGIT_0);
  }
  return start === 1 ? -value : value;
}

/** The exact sum of what two values count as, rounded to 18 digits, as canonical text. Throws `ERR` when it is too large. */
export function addNumeric(value: Bytes, by: Bytes): Bytes {
  const small = smallInteger(value) + smallInteger(by);
  if (!Number.isNaN(small)) return String(small);
  return formatDecimal(intoRange(addDecimals(numericValue(value), numericValue(by)), 'ERR'));
}

/** Beyond this distance of the first digits the smaller number cannot change the rounded sum. */
const REACH = 2 * DIGITS_MAX + 2;

function addDecimals(a: Decimal, b: Decimal): Decimal {
  if (a.digits === '') return b;
  if (b.digits === '') return a;
  if (a.exponent - b.exponent > REACH) return a;
  if (b.exponent - a.exponent > REACH) return b;
  const unit = Math.min(lastExponent(a), lastExponent(b));
  const sum = scaled(a, unit) + scaled(b, unit);
  const digits = String(sum < 0n ? -sum : sum);
  return normalise(sum < 0n, digits, unit + digits.length - 1);
}

function lastExponent(decimal: Decimal): number {
  return decimal.exponent - decimal.digits.length + 1;
}

/** The number in units of 10^unit. */
function scaled(decimal: Decimal, unit: number): bigint {
  const size = BigInt(decimal.digits) * 10n ** BigInt(lastExponent(decimal) - unit);
  return decimal.negative ? -size : size;
}
