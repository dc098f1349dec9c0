/** Named facts of one occurrence. */
export type Facts = Readonly<Record<string, string | number>>;

/** A condition as an administrator looks it up. */
export interface Condition {
  /** 0 information, 1 warning, 2 a person should look, 3 fatal; 'refusal': the answer to a command, nothing was done. */
  readonly severity: 0 | 1 | 2 | 3 | 'refusal';
  readonly title: string;
  /** One or two sentences: what the situation is, and what is safe. */
  readonly means: string;
  /** Names of the facts that are told with it. */
  readonly facts: readonly string[];
  /** The runbook's line. '': nothing. */
  readonly todo: string;
}

/** Checks the shape of a table and keeps its codes for the compiler. */
export function table<Code extends string>(entries: Record<Code, Condition>): Record<Code, Condition> {
  return entries;
}
