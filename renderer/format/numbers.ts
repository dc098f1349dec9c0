/** Figures as people read them. Every function takes null for "not known" and says so: unknown is never 0. */

export const UNKNOWN = 'unknown';

const whole = new Intl.NumberFormat(undefined, { maximumFractionDigits: 0 });
const oneDecimal = new Intl.NumberFormat(undefined, { minimumFractionDigits: 1, maximumFractionDigits: 1 });
const twoDecimals = new Intl.NumberFormat(undefined, { minimumFractionDigits: 2, maximumFractionDigits: 2 });

/** 3 significant places at most below 100, whole numbers above: 0.42, 9.81, 42.1, 4,210. */
function significant(n: number): string {
  const size = Math.abs(n);
  if (size === 0 || size >= 100) return whole.format(n);
  return size < 10 ? twoDecimals.format(n) : oneDecimal.format(n);
}

/** @param n a count */
export function count(n: number | null): string {
  return n === null ? UNKNOWN : whole.format(n);
}

/** @param n events per second */
export function perSecond(n: number | null): string {
  return n === null ? UNKNOWN : `${n < 100 && !Number.isInteger(n) ? oneDecimal.format(n) : whole.format(n)} /s`;
}

const byteUnits = ['B', 'KB', 'MB', 'GB', 'TB', 'PB'];

/** @param n bytes; units of 1024 as in the rest of the product */
export function bytes(n: number | null): string {
  if (n === null) return UNKNOWN;
  let value = n;
  let unit = 0;
  while (Math.abs(value) >= 1024 && unit < byteUnits.length - 1) {
    value /= 1024;
    unit += 1;
  }
  return `${unit === 0 ? whole.format(value) : significant(value)} ${byteUnits[unit] ?? ''}`;
}

/** @param n kilobytes per second */
export function kiloBytesPerSecond(n: number | null): string {
  return n === null ? UNKNOWN : `${significant(n)} KB/s`;
}

/** A short time such as a latency. @param ms milliseconds */
export function latency(ms: number | null): string {
  if (ms === null) return UNKNOWN;
  if (ms < 1000) return `${significant(ms)} ms`;
  return ms < 60_000 ? `${oneDecimal.format(ms / 1000)} s` : span(ms);
}

const seconds = new Intl.NumberFormat(undefined, { minimumFractionDigits: 3, maximumFractionDigits: 3, signDisplay: 'exceptZero' });

/** Before (-) or after (+) a moment: +0.250 s. @param ms milliseconds */
export function fromMoment(ms: number): string {
  return `${seconds.format(ms / 1000)} s`;
}

const spanUnits: readonly (readonly [number, string])[] = [
  [86_400_000, 'd'],
  [3_600_000, 'h'],
  [60_000, 'min'],
  [1000, 's'],
];

/** A time a person waits for, in its two largest units: 12 s, 4 min 10 s, 2 h 5 min. @param ms milliseconds */
export function span(ms: number | null): string {
  if (ms === null) return UNKNOWN;
  if (ms < 1000) return '0 s';
  const parts: string[] = [];
  let rest = Math.floor(ms / 1000) * 1000;
  for (const [size, unit] of spanUnits) {
    const n = Math.floor(rest / size);
    if (n === 0 && parts.length === 0) continue;
    if (n > 0) parts.push(`${n} ${unit}`);
    rest -= n * size;
    if (parts.length === 2 || (parts.length === 1 && n === 0)) break;
  }
  return parts.join(' ');
}
