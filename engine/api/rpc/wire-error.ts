import { GemelError, type ErrorCode } from '../errors.ts';
import type { WireError } from './frames.ts';

/** Told of an error that no user can have caused. */
export type ErrorSink = (error: unknown) => void;

/** What a caller is told of `error`: a GemelError whole, anything else as INTERNAL (and `onFault` hears of it). */
export function toWireError(error: unknown, onFault: ErrorSink): WireError {
  if (error instanceof GemelError) {
    const { code, what, safe, todo, condition } = error;
    return { code, what, safe, todo, ...(condition === null ? {} : { condition }) };
  }
  onFault(error);
  const text = error instanceof Error ? error.message : String(error);
  return { code: 'INTERNAL', what: `An internal error occurred: ${text}`, safe: '', todo: 'See messages.log.' };
}

/** The other way round. A code of a newer version travels on as it is. */
export function fromWireError(error: WireError): GemelError {
  return new GemelError(error.code as ErrorCode, error.what, error.safe, error.todo, error.condition ?? null);
}
