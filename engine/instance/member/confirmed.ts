import { GemelError } from '../../api/errors.ts';
import type { JournalWriter } from '../../journal/index.ts';
import type { Mirror } from '../../mirror/index.ts';

/** How long the primary waits until the mirror has a new database, in ms: in trouble nothing becomes durable. */
const CONFIRM_MS = 30_000;
/** Kind of the mark behind which the journal's receivers know the database. */
const CREATED = 'CREATED';

type Writing = Pick<Mirror, 'until'> & { readonly journal: Pick<Mirror['journal'], 'writer'> };

/**
 * Resolves once the mirror has a new database of which the backup has been told: what stands in the journal behind the news is durable
 * where the news is. Rejects with TIMEOUT.
 */
export async function confirmed(
  mirror: Writing,
  writer: JournalWriter,
  database: string,
  unconfirmed: (database: string, why: string) => GemelError = unconfirmedDatabase,
): Promise<void> {
  writer.mark(CREATED, database);
  let isOver = false;
  const settled = writer.settled().then(
    () => null,
    (error: unknown) => unconfirmed(database, error instanceof Error ? error.message : String(error)),
  );
  const ended = mirror
    .until(() => isOver || mirror.journal.writer !== writer, CONFIRM_MS)
    .then((isLost) => unconfirmed(database, isLost ? 'this member is no longer primary' : 'nothing becomes durable in the mirror now'));
  const error = await Promise.race([settled, ended]);
  isOver = true;
  if (error !== null) throw error;
}

/** A new database of which it is not certain that the mirror has it. */
export function unconfirmedDatabase(database: string, why: string): GemelError {
  return new GemelError(
    'TIMEOUT',
    `The database ${database} was made here, but the mirror has not confirmed it: ${why}.`,
    'It was kept here; whether the mirror has it depends on which member goes on as primary.',
    'When the mirror has a working primary, see there whether gemel mirror status lists the database; if not, create it there.',
  );
}
