/**
 * An invariant that must hold in production too. Failing it means a bug of ours: the process must not go on with
 * a state it does not understand.
 */
export function assert(condition: unknown, what: string): asserts condition {
  if (!condition) throw new AssertionError(what);
}

/** The exhaustive end of a switch over a union. */
export function assertNever(value: never): never {
  throw new AssertionError(`unexpected value ${JSON.stringify(value)}`);
}

export class AssertionError extends Error {
  readonly code = 'ASSERTION';
  constructor(what: string) {
    super(`Internal check failed: ${what}`);
    this.name = 'AssertionError';
  }
}
