import { GemelError } from '../api/errors.ts';

/** Where a command writes: standard output and error in production. */
export interface Terminal {
  out(text: string): void;
  err(text: string): void;
  /** Whether a person looks at it now (a redrawn screen makes sense). */
  readonly interactive: boolean;
}

export const realTerminal: Terminal = {
  out: (text) => void process.stdout.write(text),
  err: (text) => void process.stderr.write(text),
  interactive: process.stdout.isTTY === true,
};

/** Columns of equal width with a heading; nothing but the heading's note when there are no rows. */
export function table(headings: readonly string[], rows: readonly (readonly (string | number | null)[])[], empty = 'None.'): string {
  if (rows.length === 0) return `${empty}\n`;
  const cells = [headings, ...rows].map((row) => row.map((cell) => (cell === null ? '-' : String(cell))));
  const widths = headings.map((_, column) => Math.max(...cells.map((row) => row[column]?.length ?? 0)));
  const numeric = headings.map((_, column) => rows.some((row) => typeof row[column] === 'number'));
  const line = (row: readonly string[]): string =>
    row
      .map((cell, column) => (numeric[column] === true ? cell.padStart(widths[column] ?? 0) : cell.padEnd(widths[column] ?? 0)))
      .join('  ')
      .trimEnd();
  return `${cells.map(line).join('\n')}\n`;
}

/** `label  value` lines. */
export function fields(entries: readonly (readonly [string, string | number | null])[]): string {
  const width = Math.max(...entries.map(([label]) => label.length));
  return entries.map(([label, value]) => `${label.padEnd(width)}  ${value === null ? '-' : value}\n`).join('');
}

/** What commands given to the shell came to: shown as `<CODE>` on its own line, then one sentence. */
export class ShellFailure extends Error {
  readonly shown: { readonly code: string; readonly sentence: string };

  constructor(shown: { readonly code: string; readonly sentence: string }) {
    super(shown.sentence);
    this.shown = shown;
  }
}

/** The one line a failed command leaves on standard error. */
export function errorLine(error: unknown): string {
  if (error instanceof ShellFailure) return `<${error.shown.code}>\n${oneLine(error.shown.sentence)}\n`;
  if (error instanceof GemelError)
    return `gemel: ${oneLine(error.message)}${error.condition === null ? '' : ` [${error.condition.code}]`}\n`;
  const text = error instanceof Error ? error.message : String(error);
  return `gemel: An internal error occurred: ${oneLine(text)}\n`;
}

/** The same for a program: what a refused command prints on standard output with `--json`. */
export function errorJson({ code, condition, what, safe, todo }: GemelError): string {
  return `${JSON.stringify({ error: { code, condition: condition?.code ?? null, facts: condition?.facts ?? {}, what, safe, todo } })}\n`;
}

function oneLine(text: string): string {
  return text.trim().replaceAll(/\s*\n\s*/g, ' ');
}

export function bytes(count: number): string {
  const units = ['B', 'KB', 'MB', 'GB', 'TB'];
  let value = count;
  let unit = 0;
  while (value >= 1024 && unit < units.length - 1) {
    value /= 1024;
    unit++;
  }
  return `${unit === 0 ? value : value.toFixed(1)} ${units[unit] ?? ''}`;
}
