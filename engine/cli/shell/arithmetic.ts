import { addNumeric } from '../../globals/index.ts';
import { ShellError } from './syntax.ts';

/** Arithmetic on values as text: each counts as its leading number; results have at most 18 significant digits. */

/** The number a value counts as, in canonical form. */
export function numeric(value: string): string {
  return addNumeric(value, '0');
}

export function negate(value: string): string {
  const number = numeric(value);
  if (number === '0') return number;
  return number.startsWith('-') ? number.slice(1) : `-${number}`;
}

export function add(a: string, b: string): string {
  return addNumeric(a, b);
}

export function subtract(a: string, b: string): string {
  return addNumeric(a, negate(b));
}

/** Negative, zero or positive as `a` is less than, equal to or greater than `b`. */
export function compare(a: string, b: string): number {
  const difference = subtract(a, b);
  return difference === '0' ? 0 : difference.startsWith('-') ? -1 : 1;
}

export function multiply(a: string, b: string): string {
  const [x, y] = [exact(a), exact(b)];
  return numeric(plain(x.units * y.units, x.places + y.places));
}

/** Digits kept beyond those of the dividend: the quotient's first 18 and one to round by, whatever the sizes are. */
const QUOTIENT_DIGITS = 40;

/** Throws ShellError DIVIDE. */
export function divide(a: string, b: string): string {
  const [x, y] = [exact(a), exact(b)];
  if (y.units === 0n) throw new ShellError('DIVIDE', 'A number cannot be divided by zero.');
  const extra = QUOTIENT_DIGITS + String(y.units).length;
  return numeric(plain((x.units * 10n ** BigInt(extra)) / y.units, extra + x.places - y.places));
}

/** The number `units / 10^places`. */
interface Exact {
  readonly units: bigint;
  readonly places: number;
}

function exact(value: string): Exact {
  const number = numeric(value);
  const [whole = '', fraction = ''] = number.replace('-', '').split('.');
  const units = BigInt(whole + fraction);
  return { units: number.startsWith('-') ? -units : units, places: fraction.length };
}

function plain(units: bigint, places: number): string {
  if (places <= 0) return String(units * 10n ** BigInt(-places));
  const digits = String(units < 0n ? -units : units).padStart(places + 1, '0');
  return `${units < 0n ? '-' : ''}${digits.slice(0, -places)}.${digits.slice(-places)}`;
}
