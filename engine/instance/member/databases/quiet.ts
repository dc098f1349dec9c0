import { GemelError } from '../../../api/errors.ts';
import type { Clock } from '../../../io/index.ts';
import type { Executor, OpenDatabase } from '../../executor/index.ts';
import { changing } from '../../store/index.ts';

/** So long transactions may end by themselves, and then so long while nobody may change anything more. In ms. */
const patience = { free: 2000, barred: 8000 } as const;
const LOOK_MS = 20;

/**
 * Resolves with nobody updating the database any more, and no open transaction that has. Who made it so lifts the bar, or takes the
 * database out of use.
 * @param what happens to the database, within a sentence
 * @throws GemelError BUSYLOCK when transactions do not end, and why it takes no updates anyway; then it is as it was
 */
export async function quiet(database: OpenDatabase, what: string, executor: Executor, clock: Clock): Promise<void> {
  refuseBarred(database);
  await holdersGone(database, executor, clock, patience.free);
  refuseBarred(database);
  const bar = changing(database.name, what);
  database.bar = bar;
  await holdersGone(database, executor, clock, patience.barred);
  const holders = executor.holders(database);
  if (holders === 0 && database.bar === bar) return;
  if (database.bar !== bar) refuseBarred(database);
  database.bar = null;
  throw new GemelError(
    'BUSYLOCK',
    `${holders} open transactions have changed the database ${database.name} and do not end.`,
    'Nothing was changed.',
    'Let them commit or roll back, or end their clients, and try again.',
  );
}

/** The role, or the journal, may have been lost meanwhile. */
function refuseBarred({ bar }: OpenDatabase): void {
  if (bar !== null) throw new GemelError(bar.code, bar.what, 'Nothing was changed.', bar.todo);
}

async function holdersGone(database: OpenDatabase, executor: Executor, clock: Clock, forMs: number): Promise<void> {
  const until = clock.monotonicMs() + forMs;
  while (executor.holders(database) > 0 && clock.monotonicMs() < until) await new Promise<void>((resolve) => clock.timer(LOOK_MS, resolve));
}
