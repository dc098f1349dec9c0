import { InvalidArgumentError } from 'commander';

/** A size in MB, above 0. */
export function megabytes(text: string): number {
  const value = Number(text);
  if (text.trim() === '' || !Number.isFinite(value) || value <= 0) throw new InvalidArgumentError('Give a size in MB.');
  return value;
}

/** The same, or `none`. */
export function megabytesOrNone(text: string): number | 'none' {
  return text.toLowerCase() === 'none' ? 'none' : megabytes(text);
}

/** The same, or 0. */
export function megabytesOrZero(text: string): number {
  return text === '0' ? 0 : megabytes(text);
}
