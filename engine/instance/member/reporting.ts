import type { InstanceMethods, Parsed } from '../../api/contract.ts';
import type { FilterView } from '../../api/dejournaling.ts';
import { GemelError } from '../../api/errors.ts';
import { Mirror, type AsyncMember } from '../../mirror/index.ts';
import type { OpenDatabase } from '../executor/index.ts';
import type { Store } from '../store/index.ts';
import { notInMirror, type MemberHost } from './host.ts';
import { memberAt, type Place } from './place.ts';

/** What only reporting members do: their read-write databases, and their dejournal filter. */

/** Throws REFUSED. @param what is to be done, within a sentence */
function reporting(member: Mirror | AsyncMember, what: string): AsyncMember {
  if (!(member instanceof Mirror) && member.self.type !== 'Disaster Recovery') return member;
  const type = member instanceof Mirror ? 'Failover' : member.self.type;
  throw new GemelError(
    'REFUSED',
    `${what} only on a reporting member; this one is a ${type.toLowerCase()} member.`,
    'Nothing was changed.',
    'Whatever may become the primary’s copy is updated by the mirror alone.',
  );
}

/** Databases take local updates too, from now on and for good. Throws NOT_FOUND, REFUSED, and when a file cannot be changed. */
export async function clearFailoverDB(
  { name, all }: Parsed<InstanceMethods, 'db.clearFailoverDB'>,
  places: readonly Place[],
  store: Store,
): Promise<{ message: string }> {
  if (places.length === 0) throw notInMirror();
  for (const place of places) {
    const { asking } = reporting(memberAt(place), 'The FailoverDB flag is cleared');
    if (asking.isUnderWay)
      throw new GemelError('REFUSED', 'This member is changing its type.', 'Nothing was changed.', 'Try again when that is over.');
  }
  if ((name === undefined) === !all)
    throw new GemelError('USAGE', 'Which databases?', 'Nothing was changed.', 'Give the name of one, or --all.');
  const databases = name === undefined ? flagged(places) : [named(name, store)];
  requireFed(databases, places);
  await clearFlags(databases, places);
  const names = databases.map((d) => d.name).join(', ');
  return {
    message: names === '' ? 'No database has the flag.' : `The FailoverDB flag of ${names} is cleared: updates are taken here too.`,
  };
}

/** Mirrored databases here that have the flag. */
export function flagged(places: readonly Place[]): OpenDatabase[] {
  return places.flatMap(({ host }) => host?.mirrored.fed() ?? []);
}

/** One after the other: a crash leaves each with the flag or without. */
export async function clearFlags(databases: readonly OpenDatabase[], places: readonly Place[]): Promise<void> {
  for (const database of databases) {
    // Another call may have been quicker.
    if (!database.failoverDB) continue;
    const host = hostOf(database, places);
    await host?.mirrored.clearFailoverDB(database);
    host?.feedReadWrite(database);
  }
}

function hostOf({ mirror }: OpenDatabase, places: readonly Place[]): MemberHost | null {
  return places.find((place) => place.mirror === mirror?.name)?.host ?? null;
}

/** Throws REFUSED: what an error has stopped is mended first. */
function requireFed(databases: readonly OpenDatabase[], places: readonly Place[]): void {
  for (const database of databases) {
    const failure = hostOf(database, places)?.mirrored.failure(database.journalName);
    if (failure !== undefined)
      throw new GemelError(
        'REFUSED',
        `The database ${database.name} is not dejournaled: ${failure}`,
        'Nothing was changed.',
        'Mend it and start dejournaling again first.',
      );
  }
}

function named(name: string, store: Store): OpenDatabase {
  const database = store.executor.namespaces.find(name);
  if (database === undefined) throw new GemelError('NOT_FOUND', `There is no mounted database ${name.toUpperCase()}.`);
  if (!database.mirrored) throw new GemelError('REFUSED', `The database ${database.name} is not mirrored.`, 'Nothing was changed.');
  if (!database.failoverDB)
    throw new GemelError('REFUSED', `The FailoverDB flag of ${database.name} is cleared already.`, 'Nothing was changed.');
  return database;
}

/** Sets or clears the dejournal filter, or only tells how it is. Throws REFUSED: then nothing has changed. */
export async function filter(
  { action, file }: Parsed<InstanceMethods, 'mirror.filter'>,
  anyMember: Mirror | AsyncMember,
): Promise<FilterView> {
  const { filtering } = reporting(anyMember, 'A dejournal filter is');
  if (action === 'set') {
    if (file === undefined) throw new GemelError('USAGE', 'Which file?', 'Nothing was changed.', 'Give its path.');
    await filtering.set(file);
  } else if (action === 'clear') filtering.clear();
  return filtering.view();
}
