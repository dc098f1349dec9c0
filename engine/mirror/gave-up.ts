import path from 'node:path';
import { z } from 'zod';
import type { Files } from '../io/index.ts';
import type { Guid, Reign } from './failover/index.ts';
import { ReignShape } from './shapes.ts';

/**
 * Word that a backup leaves with the agent of the primary it lost, for the time in which only that way between the two is
 * open: it will not take over by what it had from this primary. The agent puts it down, the primary in trouble looks for it.
 */
const Word = z.object({ member: z.string(), had: ReignShape });

function wordPath(mgr: string): string {
  return path.join(mgr, 'gave-up.json');
}

/** Durable when it returns. The same word again costs nothing. */
export function leaveWord(files: Files, mgr: string, member: Guid, had: Reign): void {
  const text = `${JSON.stringify({ member, had })}\n`;
  const file = wordPath(mgr);
  if (files.exists(file) && files.read(file).toString('utf8') === text) return;
  files.atomicWrite(file, Buffer.from(text, 'utf8'));
}

/** null: none, or not readable: then nothing follows from it. */
export function readWord(files: Files, mgr: string): { readonly member: Guid; readonly had: Reign } | null {
  const file = wordPath(mgr);
  if (!files.exists(file)) return null;
  try {
    return Word.safeParse(JSON.parse(files.read(file).toString('utf8'))).data ?? null;
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    return null;
  }
}
