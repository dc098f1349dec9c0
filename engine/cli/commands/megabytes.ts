import { InvalidArgumentError } from 'commander';

/** A size in MB, above 0. */
export function megabytes(text: string): number {
  const value = Number(text);
  if (text.trim() === '' || !Number.isFinite(value) || value <= 0) throw new InvalidArgumentError('Give a size in MB.');
  return value;
}

/** The same, or `none`: null. */
export function megabytesOrNone(text: string): number | null {
  return text.toLowerCase() === 'none' ? null : megabytes(text);
}

/** The same, or 0. */
export function megabytesOrZero(text: string): number {
  return text === '0' ? 0 : megabytes(text);
}
