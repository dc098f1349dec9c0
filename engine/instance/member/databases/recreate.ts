import { conditionLine } from '../../../api/conditions.ts';
import { GemelError } from '../../../api/errors.ts';
import { notePending, recreate, sharedOf } from '../../../database/index.ts';
import type { MirrorDatabase } from '../../../mirror/index.ts';
import type { OpenDatabase } from '../../executor/index.ts';
import { openInMirror } from './add.ts';
import { asPrimary, memberOfDatabase, mounted, requireSame, type DatabaseContext, type Here, type Primary } from './context.ts';
import { requireCreatable } from './creatable.ts';
import { quiet } from './quiet.ts';
import { putBack } from './remove.ts';

/**
 * Empties a mirrored database under the same name: on the primary for the whole mirror, whose copies are obsolete then until it is done
 * on each of them. Throws NOT_FOUND, REFUSED, BUSYLOCK; TIMEOUT: it is empty here, and the mirror may not know it.
 */
export async function recreateDatabase(name: string, context: DatabaseContext): Promise<string> {
  const database = mounted(name, context);
  const here = database.mirrored && !database.isRetained ? memberOfDatabase(database, context) : null;
  if (here === null)
    throw new GemelError(
      'REFUSED',
      `The database ${database.name} is not one of a mirror that this instance is in.`,
      'Nothing was changed.',
      'An ordinary database is emptied by killing its globals.',
    );
  const primary = asPrimary(here);
  if (primary !== null && !here.host.mirrored.isObsolete(database)) return recreateForAll(database, primary, context);
  if (primary !== null) return recreateForAll(await made(database, here, context), primary, context);
  const entry = here.member.membership.databases.find((each) => each.name === database.mirror?.database);
  if (entry === undefined || entry.guid === database.guid) throw notFirst(database, entry);
  await recreateCopy(database, entry, here, context);
  return told(database.name, 'This copy is empty and follows the mirror’s again.', context);
}

function told(name: string, what: string, { log, changed }: DatabaseContext): string {
  const text = `The database ${name} was recreated. ${what}`;
  log(1, conditionLine('DATABASE_RECREATED', text, { database: name }));
  changed();
  return text;
}

function notFirst({ name }: OpenDatabase, entry: MirrorDatabase | undefined): GemelError {
  if (entry === undefined)
    return new GemelError(
      'REFUSED',
      `The mirror has no database of the name that ${name} has in it: it was removed on the primary.`,
      'Nothing was changed.',
      'Remove this copy too: gemel db remove-from-mirror.',
    );
  return new GemelError(
    'REFUSED',
    `The database ${name} is recreated on the primary first; this copy is what the mirror has.`,
    'Nothing was changed.',
    'Recreate it on the primary, then here.',
  );
}

async function recreateForAll(database: OpenDatabase, primary: Primary, context: DatabaseContext): Promise<string> {
  const { store, io } = context;
  const { member, host, writer } = primary;
  const { directory } = database;
  const name = database.mirror?.database ?? database.name;
  const guid = io.random.guid();
  await quiet(database, 'recreated', store.executor, io.clock);
  let anew: OpenDatabase | null;
  try {
    await host.mirrored.feed.drained(await writer.settled());
    await host.mirrored.unfeed(database, null);
    const position = await writer.settled();
    requireSame(primary);
    const properties = sharedOf(database.nodes.properties);
    const entry: MirrorDatabase = { name, guid, created: position, origin: 'created', properties };
    anew = store.changed(database, () => {
      // Who ends in between empties it at the next start exactly if the mirror has it anew by the own record.
      notePending(directory, { what: 'recreate', guid, position });
      member.changeMembership((m) => ({ ...m, databases: m.databases.map((each) => (each.name === name ? entry : each)) }));
      recreate(directory, guid, position);
    });
  } catch (error) {
    await putBack(database.name, primary, context);
    throw error;
  }
  const text = told(
    database.name,
    'Recreate it on the backup, then on every async that has it: its copies there are obsolete until then.',
    context,
  );
  if (anew === null) return text;
  host.bindNew(anew);
  await openInMirror(anew, name, primary, context);
  return text;
}

/** The copy as an empty one of what the mirror has. */
async function recreateCopy(database: OpenDatabase, entry: MirrorDatabase, { host }: Here, context: DatabaseContext): Promise<void> {
  const { store, io } = context;
  const { directory } = database;
  requireCreatable(entry, host);
  if (!database.fedByMirror) {
    await quiet(database, 'recreated', store.executor, io.clock);
    host.forgetReadWrite(database);
    await store.restLocal(database);
    const local = await store.localEnd();
    const anew = store.changed(database, () => recreate(directory, entry.guid, local, entry.created));
    if (anew === null) return;
    await store.takeLocally(anew);
    return host.feedReadWrite(anew);
  }
  await host.mirrored.unfeed(database, null);
  const anew = store.changed(database, () => recreate(directory, entry.guid, entry.created));
  if (anew !== null) await host.mirrored.feedOne(anew);
}

/** On the primary an obsolete copy takes the mirror's identity before it is emptied for all. */
async function made(database: OpenDatabase, here: Here, context: DatabaseContext): Promise<OpenDatabase> {
  const entry = here.member.membership.databases.find((each) => each.name === database.mirror?.database);
  if (entry === undefined) throw notFirst(database, entry);
  await here.host.mirrored.unfeed(database, null);
  const anew = context.store.changed(database, () => recreate(database.directory, entry.guid, entry.created));
  if (anew === null)
    throw new GemelError('DATABASE', `The database ${database.name} cannot be mounted.`, 'It is empty.', 'messages.log says why.');
  here.host.bindNew(anew);
  return anew;
}
