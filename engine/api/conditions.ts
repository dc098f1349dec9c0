import { arbiterConditions } from './conditions/arbiter.ts';
import { asyncConditions } from './conditions/asyncs.ts';
import { backupConditions } from './conditions/backup.ts';
import { compareConditions } from './conditions/compare.ts';
import type { Condition, Facts } from './conditions/condition.ts';
import { copyConditions } from './conditions/databases-copied.ts';
import { databaseConditions } from './conditions/databases.ts';
import { editingConditions } from './conditions/editing.ts';
import { hostConditions } from './conditions/host.ts';
import { journalConditions } from './conditions/journal.ts';
import { journalFileConditions } from './conditions/journal-files.ts';
import { primaryConditions } from './conditions/primary.ts';
import { refusals } from './conditions/refusals.ts';
import { seedConditions } from './conditions/seeding.ts';
import { takingConditions } from './conditions/taking.ts';

export type { Condition, Facts } from './conditions/condition.ts';

/**
 * Every condition a mirror member finds itself in and every refusal it gives, by its code: what it means, the facts it
 * is drawn from, and what a person does about it. Log lines, answers to commands and the console use these codes.
 */
export const conditions = {
  ...primaryConditions,
  ...backupConditions,
  ...takingConditions,
  ...arbiterConditions,
  ...asyncConditions,
  ...editingConditions,
  ...databaseConditions,
  ...journalConditions,
  ...journalFileConditions,
  ...copyConditions,
  ...seedConditions,
  ...hostConditions,
  ...compareConditions,
  ...refusals,
} satisfies Record<string, Condition>;

export type ConditionCode = keyof typeof conditions;

const byCode: ReadonlyMap<string, Condition> = new Map(Object.entries<Condition>(conditions));

/** undefined: of another version. */
export function conditionOf(code: string): Condition | undefined {
  return byCode.get(code);
}

/** A line of messages.log: code first, then the sentence, then the facts. */
export function conditionLine(code: string, text: string, facts: Facts = {}): string {
  const known = Object.entries(facts).map(([name, value]) => `${name}=${value}`);
  return `[${code}] ${text}${known.length === 0 ? '' : ` (${known.join(', ')})`}`;
}

const LINE = /^\[([A-Z][A-Z0-9_]*)\] (.*?)(?: \((\w+=.*)\))?$/s;

/** What `conditionLine` put together; `code` is null where the line is none of its making. */
export function readConditionLine(line: string): { code: string | null; text: string; facts: Record<string, string> } {
  const [, code, text, told] = LINE.exec(line) ?? [];
  if (code === undefined || text === undefined) return { code: null, text: line, facts: {} };
  const facts = (told === undefined ? [] : told.split(/, (?=\w+=)/)).map((fact): [string, string] => {
    const at = fact.indexOf('=');
    return [fact.slice(0, at), fact.slice(at + 1)];
  });
  return { code, text, facts: Object.fromEntries(facts) };
}
