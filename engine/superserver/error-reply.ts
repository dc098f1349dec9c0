import { GemelError, type ErrorCode } from '../api/errors.ts';
import { AssertionError } from '../io/index.ts';
import type { Command } from './command.ts';

/** Codes that clients are told as they are; any other becomes ERR. */
const SENT: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  'PROTECT',
  'READONLY',
  'UNDEFINED',
  'SUBSCRIPT',
  'SYNTAX',
  'MAXSTRING',
  'FILEFULL',
  'DATABASE',
  'NOAUTH',
  'ROLLFAIL',
  'NETWORK',
  'BUSYLOCK',
  'NAMESPACE',
  'TRANSACTION',
  'WRONGTYPE',
  'LOADING',
  'EXECABORT',
]);

export interface ErrorReply {
  readonly code: string;
  readonly text: string;
  /** A bug of ours rather than a mistake of the client. */
  readonly internal: boolean;
}

/** What a client is told about an error that a command threw. A failed internal check is thrown on: the process must end. */
export function errorReply(error: unknown, command: Command): ErrorReply {
  if (error instanceof AssertionError) throw error;
  if (!(error instanceof GemelError))
    return { code: 'ERR', text: 'internal error; the instance has written it to its log', internal: true };
  const code = error.code === 'PROTECT' && command.redis ? 'READONLY' : error.code;
  return { code: SENT.has(code) ? code : 'ERR', text: error.message, internal: false };
}
