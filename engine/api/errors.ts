/**
 * Every error a user or a program can meet. The code is stable and reaches the user; superserver codes are sent as
 * the first word of a RESP error (INTERFACES: "Errors").
 */
export type ErrorCode =
  // superserver
  | 'PROTECT'
  | 'READONLY'
  | 'UNDEFINED'
  | 'SUBSCRIPT'
  | 'SYNTAX'
  | 'MAXSTRING'
  | 'FILEFULL'
  | 'DATABASE'
  | 'NOAUTH'
  | 'ROLLFAIL'
  | 'NETWORK'
  | 'BUSYLOCK'
  | 'NAMESPACE'
  | 'TRANSACTION'
  | 'ERR'
  | 'WRONGTYPE'
  | 'LOADING'
  | 'EXECABORT'
  // management
  | 'USAGE'
  | 'NAME'
  | 'EXISTS'
  | 'NOT_FOUND'
  | 'NOT_RUNNING'
  | 'RUNNING'
  | 'LOCKED'
  | 'FOREIGN'
  | 'DAMAGED'
  | 'PORT_IN_USE'
  | 'RIGHTS'
  | 'DISK_FULL'
  | 'IO'
  | 'UNREACHABLE'
  | 'TIMEOUT'
  | 'REFUSED'
  | 'NOT_BUILT'
  | 'VERSION'
  | 'INTERNAL';

/** What an error is a case of: its code in `conditions`, and the facts that led to it. */
export interface ErrorCondition {
  readonly code: string;
  readonly facts: Readonly<Record<string, string | number>>;
}

/**
 * Says what happened, what is safe, and what to do, each one plain sentence.
 * @param code stable code
 * @param what what happened
 * @param safe what was kept safe or left unchanged (may be empty where nothing was at stake)
 * @param todo what the reader can do next
 * @param condition the condition it is a case of, for what the failover decisions refuse
 */
export class GemelError extends Error {
  readonly code: ErrorCode;
  readonly what: string;
  readonly safe: string;
  readonly todo: string;
  readonly condition: ErrorCondition | null;

  constructor(code: ErrorCode, what: string, safe = '', todo = '', condition: ErrorCondition | null = null) {
    super([what, safe, todo].filter((s) => s !== '').join(' '));
    this.name = 'GemelError';
    this.code = code;
    this.what = what;
    this.safe = safe;
    this.todo = todo;
    this.condition = condition;
  }
}
