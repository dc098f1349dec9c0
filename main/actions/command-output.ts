import { GemelError } from '../../engine/api/errors.ts';
import type { HostCommand } from '../hosts/index.ts';

const LINES = 1000;
const WAIT_MS = 1000;

/** Everything that a command prints, until it has ended, and what it failed with; null: it did not. */
export async function outputOf(command: HostCommand, signal?: AbortSignal): Promise<{ lines: string[]; error: GemelError | null }> {
  const lines: string[] = [];
  try {
    for (;;) {
      signal?.throwIfAborted();
      const next = await command.next(LINES, WAIT_MS);
      lines.push(...next.lines);
      if (next.isAtEnd) return { lines, error: null };
    }
  } catch (error) {
    if (!(error instanceof GemelError)) throw error;
    return { lines, error };
  } finally {
    command.close();
  }
}
