import { conditionLine } from '../../../api/conditions.ts';
import { GemelError } from '../../../api/errors.ts';
import { activateCopy, moveTo, setPaused } from '../../../database/index.ts';
import { isBefore, type Position } from '../../../journal/index.ts';
import type { OpenDatabase } from '../../executor/index.ts';
import { rememberMirrored } from '../map-mirrors.ts';
import { asPrimary, memberOfDatabase, mounted, type DatabaseContext, type Here } from './context.ts';

/** Throws NOT_FOUND, REFUSED: it is no copy of a mirror that this instance is in. */
function mirroredHere(name: string, context: DatabaseContext): { readonly database: OpenDatabase; readonly here: Here } {
  const database = mounted(name, context);
  const here = database.mirrored ? memberOfDatabase(database, context) : null;
  if (here !== null) return { database, here };
  throw new GemelError(
    'REFUSED',
    `The database ${database.name} is not one of a mirror that this instance is in.`,
    'Nothing was changed.',
    'gemel db list shows what it is.',
  );
}

/** Throws REFUSED with what to do. */
function refuseObsolete(database: OpenDatabase, { host, member }: Here): void {
  if (!host.mirrored.isObsolete(database)) return;
  const isKnown = member.membership.databases.some(({ name }) => name === database.mirror?.database);
  throw new GemelError(
    'REFUSED',
    isKnown
      ? `The copy ${database.name} is obsolete: the mirror's database of that name was made anew since.`
      : `The copy ${database.name} is obsolete: the mirror has no database of that name any more.`,
    'Nothing was changed.',
    isKnown ? 'gemel db recreate, or restore a newer backup of it.' : 'gemel db remove-from-mirror makes it an ordinary database.',
  );
}

/** A copy that was kept, or brought here, is this member's from now on; it takes nothing before it is caught up. Throws NOT_FOUND, REFUSED. */
export function activate(name: string, context: DatabaseContext): string {
  const { database, here } = mirroredHere(name, context);
  const { store } = context;
  if (!database.isRetained) return `The database ${database.name} is activated already.`;
  refuseObsolete(database, here);
  const { mirror, directory } = database;
  const other = here.host.mirrored.all().find((each) => each.mirror?.database === mirror?.database);
  if (other !== undefined || mirror === null)
    throw new GemelError(
      'REFUSED',
      `This member has a copy of ${mirror?.database ?? ''} already: ${other?.name ?? ''}.`,
      'Nothing was changed.',
      'Remove one of them from the mirror: gemel db remove-from-mirror.',
    );
  if (!database.failoverDB)
    throw new GemelError(
      'REFUSED',
      `The copy ${database.name} was updated by its own instance too: it is not what the mirror has.`,
      'Nothing was changed.',
      'Copy it from a member on which only the mirror updates it.',
    );
  const made = store.changed(database, () => activateCopy(directory, store.instance));
  if (made === null)
    throw new GemelError('DATABASE', `The database ${name} cannot be mounted.`, 'It is activated.', 'messages.log says why.');
  const text = `The database ${made.name} is activated.`;
  here.host.mirrored.await(made, `The database ${made.name} was activated and is not caught up: gemel db catchup.`);
  rememberMirrored(here.host.mirrored.mirror, [made], context);
  context.log(1, conditionLine('DATABASE_ACTIVATED', text, { database: made.name }));
  context.changed();
  return text;
}

/** Brings copies up to where the mirror's journal may be dejournaled, and feeds them. @returns why not, of those that are not */
export async function bringUp(
  databases: readonly OpenDatabase[],
  here: Here,
  signal: AbortSignal,
): Promise<ReadonlyMap<OpenDatabase, string>> {
  const { host } = here;
  const { writer } = host;
  const goal = writer?.durable;
  const why = new Map(await host.mirrored.catchUp(databases, signal, goal));
  if (writer === null || goal === undefined) return why;
  // A primary's databases have everything before its users update them.
  const error = await host.mirrored.feed.drained(goal).then(() => null, asGemelError);
  for (const each of databases) if (error !== null && !why.has(each)) why.set(each, error.message);
  for (const each of databases) if (!why.has(each) && host.writer === writer && host.mirrored.active().includes(each)) host.bindNew(each);
  return why;
}

function asGemelError(error: unknown): GemelError {
  if (error instanceof GemelError) return error;
  throw error;
}

/** Catches copies up, at once; those that need it are activated before. @returns what became of each */
export async function catchUp(
  names: readonly string[],
  context: DatabaseContext,
  signal: AbortSignal,
): Promise<ReadonlyMap<string, string | GemelError>> {
  const told = new Map<string, string | GemelError>();
  const due = new Map<Here['host'], { readonly here: Here; readonly databases: OpenDatabase[] }>();
  for (const name of names) {
    try {
      if (mirroredHere(name, context).database.isRetained) activate(name, context);
      const { database, here } = mirroredHere(name, context);
      refuseObsolete(database, here);
      const isStopped = here.host.mirrored.halt(database) !== null || here.host.mirrored.failure(database.journalName) !== undefined;
      if (!isStopped || !database.fedByMirror) {
        told.set(name, `The database ${database.name} needs no catching up.`);
        continue;
      }
      if (here.host.mirrored.halt(database)?.is === 'paused') setPaused(database.directory, false);
      const group = due.get(here.host) ?? { here, databases: [] };
      group.databases.push(database);
      due.set(here.host, group);
    } catch (error) {
      if (!(error instanceof GemelError)) throw error;
      told.set(name, error);
    }
  }
  for (const { here, databases } of due.values()) {
    const why = await bringUp(databases, here, signal);
    for (const { name, ...database } of databases.map((each) => ({ name: each.name, why: why.get(each) })))
      told.set(name, database.why === undefined ? caughtUp(name, context) : notCaughtUp(name, database.why, context));
  }
  context.changed();
  return told;
}

function caughtUp(name: string, { log }: DatabaseContext): string {
  const text = `The database ${name} is caught up.`;
  log(1, conditionLine('DATABASE_CAUGHT_UP', text, { database: name }));
  return text;
}

function notCaughtUp(name: string, why: string, { log }: DatabaseContext): GemelError {
  log(2, conditionLine('NEEDS_CATCHUP', why, { database: name }));
  return new GemelError(
    'REFUSED',
    `The database ${name} is not caught up: ${why}`,
    'It stays as it was; the other databases go on.',
    'Do what that says, then gemel db catchup.',
  );
}

/** Stops dejournaling of one copy until it is caught up; journal goes on coming in. Throws NOT_FOUND, REFUSED. */
export async function pauseDejournal(name: string, context: DatabaseContext): Promise<string> {
  const { database, here } = mirroredHere(name, context);
  if (here.host.writer !== null || database.journal !== null)
    throw new GemelError(
      'REFUSED',
      database.fedByMirror
        ? 'This member is primary: nothing is dejournaled here.'
        : `The database ${database.name} is updated here too, and pauses with all of the mirror.`,
      'Nothing was changed.',
      database.fedByMirror ? 'Do it on another member.' : 'gemel mirror dejournal pause.',
    );
  if (!here.host.mirrored.active().includes(database))
    return `Nothing is dejournaled into the database ${database.name} anyway: gemel mirror status says why.`;
  const why = `Dejournaling of ${database.name} was paused by an operator: gemel db catchup.`;
  await here.host.mirrored.unfeed(database, { is: 'paused', why });
  setPaused(database.directory, true);
  const text = `Dejournaling of the database ${database.name} is paused; gemel db catchup goes on with it.`;
  context.log(1, conditionLine('DATABASE_PAUSED', text, { database: database.name }));
  context.changed();
  return text;
}

/**
 * Where a transaction may have begun that is open at a position of the journal, by what databases say that were fed up to there or less. The copy may
 * have what it did by then: at a takeover that has to be undone. null: nothing is known.
 */
export function mayBeOpenFrom(
  fed: readonly { readonly position: Position | null; readonly openStart: Position | null }[],
  at: Position,
): Position | null {
  const bounds = fed.flatMap(({ position, openStart }) => openStart ?? position ?? []);
  // Each of them is early enough.
  const latest = bounds.reduce<Position | null>((found, each) => (found === null || isBefore(found, each) ? each : found), null);
  return latest !== null && isBefore(latest, at) ? latest : null;
}

/** Takes a copy for caught up although it lacks journal: the operator has made sure that this lacks nothing of it. Throws NOT_FOUND, REFUSED. */
export async function markCaughtUp(name: string, context: DatabaseContext): Promise<string> {
  const { database, here } = mirroredHere(name, context);
  const { mirrored } = here.host;
  refuseObsolete(database, here);
  const halt = mirrored.halt(database);
  if (asPrimary(here) !== null || database.isRetained || halt?.is !== 'needs-catchup' || mirrored.allowed.file === 0)
    throw new GemelError(
      'REFUSED',
      `The database ${database.name} is not one that needs to be caught up here.`,
      'Nothing was changed.',
      'Only a copy with the status Needs Catchup, on a member that is not primary, can be marked as caught up.',
    );
  const fed = mirrored.active().map(({ nodes }) => nodes.meta());
  moveTo(database.directory, mirrored.allowed, mayBeOpenFrom(fed, mirrored.allowed));
  await mirrored.feedOne(database);
  const text = `The database ${database.name} was marked as caught up: what the journal had for it before was not applied.`;
  context.log(1, conditionLine('DATABASE_MARKED', text, { database: database.name }));
  context.changed();
  return text;
}
