import { z } from 'zod';

/** One figure of `gemel bench`, as `--json` prints it. */
export const BenchLine = z.object({
  name: z.string(),
  /** null: not measured, `context.skipped` says why. */
  value: z.number().nullable(),
  unit: z.string(),
  /** null: none was set. A rate or ratio is to reach it, everything else to stay below. */
  goal: z.number().nullable(),
  /** Whether the goal is met, and no update failed; null when not measured. */
  ok: z.boolean().nullable(),
  context: z.record(z.string(), z.unknown()),
});
export type BenchLine = z.infer<typeof BenchLine>;

export interface Figure {
  readonly name: string;
  readonly value: number;
  readonly unit: string;
  readonly goal: { readonly atLeast: number } | { readonly atMost: number } | null;
  /** Updates that failed make a figure worthless. */
  readonly errors: number;
  readonly context: Readonly<Record<string, unknown>>;
}

/** A figure as its line. */
export function lineOf({ name, value, unit, goal, errors, context }: Figure): BenchLine {
  const bound = goal === null ? null : 'atLeast' in goal ? goal.atLeast : goal.atMost;
  const met = goal === null || ('atLeast' in goal ? value >= goal.atLeast : value <= goal.atMost);
  return { name, value: rounded(value), unit, goal: bound, ok: errors === 0 && met, context: { ...context, errors } };
}

/** The line of what could not be measured here. */
export function skippedLine(name: string, unit: string, goal: number | null, why: string): BenchLine {
  return { name, value: null, unit, goal, ok: null, context: { skipped: why } };
}

/** Four digits that count: what is measured is not more exact. */
export function rounded(value: number): number {
  return Number(value.toPrecision(4));
}

const WIDTHS = [20, 10, 22, 10, 8, 10, 10, 10] as const;

/** The heading over what `lineText` gives. */
export const HEADING = row(['NAME', 'VALUE', 'UNIT', 'GOAL', 'MET', 'P50 MS', 'P99 MS', 'P99.9 MS']);

/** A line of the table for people. */
export function lineText({ name, value, unit, goal, ok, context }: BenchLine): string {
  if (value === null) return `${row([name, 'skipped', unit])}  ${String(context['skipped'])}\n`;
  const met = goal === null ? '-' : ok === true ? 'yes' : 'no';
  const latency = ['p50', 'p99', 'p999'].map((key) => numberText(context[`${key}Ms`]));
  const failed = Number(context['errors']) > 0 ? `  ${String(context['errors'])} updates failed: ${String(context['firstError'])}\n` : '';
  return row([name, numberText(value), unit, numberText(goal), met, ...latency]) + failed;
}

function row(cells: readonly string[]): string {
  // Names and units to the left, numbers to the right.
  const padded = cells.map((cell, i) => (i === 0 || i === 2 ? cell.padEnd(WIDTHS[i] ?? 0) : cell.padStart(WIDTHS[i] ?? 0)));
  return `${padded.join('  ').trimEnd()}\n`;
}

function numberText(value: unknown): string {
  if (typeof value !== 'number') return '-';
  return value >= 1000 ? Math.round(value).toLocaleString('en-US') : String(rounded(value));
}
