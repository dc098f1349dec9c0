import { GemelError } from '../../api/errors.ts';
import type { Applier, Position } from '../../journal/index.ts';
import type { OpenDatabase } from '../executor/index.ts';

/**
 * Brings copies up to a position by an applier of their own: who is far behind does not hold up those that are not. Comes back when all of
 * them are there, one of them or the journal fails, or the signal is aborted; each copy says itself how far it is then.
 * @param newApplier of the mirror's journal, feeding nothing yet
 * @returns those that took no more, with the reason
 */
export async function catchUpAside(
  newApplier: () => Applier,
  databases: readonly OpenDatabase[],
  goal: Position,
  signal: AbortSignal,
): Promise<ReadonlyMap<OpenDatabase, GemelError>> {
  const failed = new Map<OpenDatabase, GemelError>();
  const applier = newApplier();
  applier.onFailure(({ database, error }) => {
    for (const each of databases) if (database === null || each.journalName === database) failed.set(each, error);
  });
  try {
    for (const each of databases) {
      const error = await applier.add({ name: each.journalName, directory: each.directory }).then(() => null, asGemelError);
      if (error !== null) failed.set(each, error);
    }
    applier.applyTo(goal);
    // What it is rejected with was told as a failure.
    if (failed.size < databases.length) await Promise.race([applier.drained(goal).catch(asGemelError), aborted(signal)]);
  } finally {
    await applier.close();
  }
  return failed;
}

function asGemelError(error: unknown): GemelError {
  if (error instanceof GemelError) return error;
  throw error;
}

function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
}
