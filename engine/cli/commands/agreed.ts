import { createInterface } from 'node:readline/promises';
import type { Context } from '../context.ts';

/** Asks the person at the terminal; where there is none the answer is no. */
export async function agreed({ terminal }: Context, questions: readonly string[]): Promise<boolean> {
  if (!terminal.interactive || !process.stdin.isTTY) return false;
  const lines = createInterface({ input: process.stdin, output: process.stdout });
  try {
    for (const question of questions) if (!/^y(es)?$/i.test((await lines.question(`${question} <No> `)).trim())) return false;
    return true;
  } finally {
    lines.close();
  }
}
