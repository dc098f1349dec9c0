import { createInterface } from 'node:readline/promises';
import type { Context } from '../context.ts';

/** Whether there is a person at the terminal who can be asked. */
export function canAsk({ terminal }: Context): boolean {
  return terminal.interactive && process.stdin.isTTY;
}

/** Asks the person at the terminal; where there is none the answer is no. */
export async function agreed(context: Context, questions: readonly string[]): Promise<boolean> {
  if (!canAsk(context)) return false;
  const lines = createInterface({ input: process.stdin, output: process.stdout });
  try {
    for (const question of questions) if (!/^y(es)?$/i.test((await lines.question(`${question} <No> `)).trim())) return false;
    return true;
  } finally {
    lines.close();
  }
}
