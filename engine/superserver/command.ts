import { GemelError } from '../api/errors.ts';
import type { Bytes } from '../globals/index.ts';
import type { Client } from './client.ts';

/** One command of the protocol. */
export interface Command {
  /** Upper case. */
  readonly name: string;
  /** Arguments including the name; negative: at least that many. */
  readonly arity: number;
  /** `args[0]` is the name as it came. Writes exactly one reply, or suspends the client, or throws GemelError. */
  readonly run: (client: Client, args: readonly Bytes[]) => void;
  /** May update: waits while the executor is saturated. */
  readonly writes?: true;
  /** A Redis command: a database that takes no updates here is -READONLY rather than -PROTECT. */
  readonly redis?: true;
  /** Inside MULTI: run at once, or refuse. Else the command is queued. */
  readonly inMulti?: 'now' | 'refuse';
}

/** The argument at `index`, whose presence the arity has checked. */
export function argument(args: readonly Bytes[], index: number): Bytes {
  return args[index] ?? '';
}

/** A whole number in decimal digits between `min` and `max`. Throws ERR. */
export function integerArgument(text: Bytes, what: string, min: number, max: number): number {
  const value = /^-?\d{1,15}$/.test(text) ? Number(text) : NaN;
  if (!(value >= min && value <= max)) throw refusal(`${what} must be a whole number from ${min} to ${max}.`);
  return value;
}

export function syntaxError(what = 'syntax error'): GemelError {
  return new GemelError('ERR', what);
}

/** A request that is understood and not done. */
export function refusal(what: string, todo = ''): GemelError {
  return new GemelError('ERR', what, '', todo);
}

/** What a client sent, fit for an error line: printable, and not longer than is useful. */
export function shown(text: Bytes): string {
  const short = text.length > 64 ? `${text.slice(0, 64)}...` : text;
  return short.replace(/[^\x20-\x7e]/g, '?');
}
