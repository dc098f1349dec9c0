import { InvalidArgumentError } from 'commander';

/** A time on the command line. */
export function milliseconds(text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 100) throw new InvalidArgumentError('Give milliseconds, at least 100.');
  return value;
}
