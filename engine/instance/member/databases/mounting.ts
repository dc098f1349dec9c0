import { conditionLine } from '../../../api/conditions.ts';
import { GemelError } from '../../../api/errors.ts';
import type { OpenDatabase } from '../../executor/index.ts';
import { rememberMirrored } from '../map-mirrors.ts';
import { bringUp } from './catching-up.ts';
import { asPrimary, memberOfDatabase, mounted, type DatabaseContext, type Here } from './context.ts';
import { putBack } from './remove.ts';
import { quiet } from './quiet.ts';

/**
 * Takes a database out of use: its file has everything that was durable for it, and is closed. It stays so until it is mounted, or the
 * instance is started anew. Throws NOT_FOUND, BUSYLOCK.
 */
export async function dismount(name: string, context: DatabaseContext): Promise<string> {
  const { store, io } = context;
  if (store.dismounted.get(name) !== undefined) return `The database ${name.toUpperCase()} is dismounted already.`;
  const database = mounted(name, context);
  const here = database.mirrored && !database.isRetained ? memberOfDatabase(database, context) : null;
  if (here !== null && database.fedByMirror) await dismountFed(database, here, context);
  else if (database.mirrored && here === null) store.dismounted.take(database, null);
  else {
    await quiet(database, 'dismounted', store.executor, io.clock);
    here?.host.forgetReadWrite(database);
    await store.dismounted.takeLocal(database);
  }
  const text = `The database ${database.name} is dismounted.`;
  context.log(1, conditionLine('DATABASE_DISMOUNTED', text, { database: database.name }));
  context.changed();
  return text;
}

async function dismountFed(database: OpenDatabase, here: Here, context: DatabaseContext): Promise<void> {
  const { store, io } = context;
  const { host } = here;
  const primary = host.mirrored.active().includes(database) ? asPrimary(here) : null;
  if (primary === null) {
    if (database.journal !== null)
      throw new GemelError(
        'REFUSED',
        'This member is becoming primary, or handing over.',
        'Nothing was changed.',
        'Try again when that is over.',
      );
    await host.mirrored.unfeed(database, null);
    return store.dismounted.take(database, null);
  }
  await quiet(database, 'dismounted', store.executor, io.clock);
  try {
    await host.mirrored.feed.drained(await primary.writer.settled());
    await host.mirrored.unfeed(database, null);
  } catch (error) {
    await putBack(database.name, primary, context);
    throw error;
  }
  const isSame = host.writer === primary.writer;
  database.journal = null;
  store.dismounted.take(database, isSame ? primary.writer : null);
}

/**
 * Puts a database into use again. A mirrored copy is caught up by itself unless `catchup` is false.
 * Throws NOT_FOUND, and what opening it throws: then it stays as it is.
 */
export async function mount(name: string, catchup: boolean, context: DatabaseContext, signal: AbortSignal): Promise<string> {
  const { store, settings } = context;
  const upper = name.toUpperCase();
  if (store.executor.namespaces.find(upper) !== undefined) return `The database ${upper} is mounted already.`;
  const configured = Object.entries(settings.Databases).find(([each]) => each.toUpperCase() === upper);
  if (configured === undefined)
    throw new GemelError(
      'NOT_FOUND',
      `There is no database ${upper} here.`,
      'Nothing was changed.',
      'gemel db list shows those there are.',
    );
  const before = store.dismounted.get(upper)?.view;
  const host = context.places().find(({ mirror }) => mirror === before?.mirror)?.host ?? null;
  const isLocal = before !== undefined && before.failoverDB !== true;
  const database = store.dismounted.mount(upper, store.directoryOf(configured[1]), isLocal ? store.localWriter : (host?.writer ?? null));
  context.log(1, conditionLine('DATABASE_MOUNTED', `The database ${upper} is mounted.`, { database: upper }));
  const text = await putToUse(database, catchup, context, signal);
  context.changed();
  return text;
}

async function putToUse(database: OpenDatabase, catchup: boolean, context: DatabaseContext, signal: AbortSignal): Promise<string> {
  const { store } = context;
  const { name } = database;
  if (database.isRetained) return `The database ${name} is mounted. It needs activation: gemel db activate, then gemel db catchup.`;
  if (!database.fedByMirror) {
    try {
      await store.takeLocally(database);
    } catch (error) {
      store.dismounted.take(database, null);
      throw error;
    }
    if (database.mirrored) memberOfDatabase(database, context)?.host.feedReadWrite(database);
    return `The database ${name} is mounted.`;
  }
  const here = memberOfDatabase(database, context);
  if (here === null) return `The database ${name} is mounted, read-only: this instance is not in its mirror.`;
  rememberMirrored(here.host.mirrored.mirror, [database], context);
  here.host.mirrored.lookAgain();
  if (here.host.mirrored.isObsolete(database))
    return `The database ${name} is mounted. It is obsolete: gemel db recreate, or gemel db remove-from-mirror.`;
  if (!catchup) {
    here.host.mirrored.await(database, `The database ${name} was mounted without catching up: gemel db catchup.`);
    return `The database ${name} is mounted. It takes nothing from the mirror before it is caught up: gemel db catchup.`;
  }
  const why = (await bringUp([database], here, signal)).get(database);
  if (why === undefined) return `The database ${name} is mounted and follows the mirror.`;
  context.log(2, conditionLine('NEEDS_CATCHUP', why, { database: name }));
  return `The database ${name} is mounted, and is not caught up: ${why}`;
}
