import { conditionLine } from '../../../api/conditions.ts';
import { GemelError } from '../../../api/errors.ts';
import type { DatabaseView } from '../../../api/status.ts';
import type { OpenDatabase } from '../../executor/index.ts';
import { mirroredHere } from '../../settings.ts';
import { changing, type Store } from '../../store/index.ts';
import type { DatabaseContext } from './context.ts';
import { carryOutDeletion, noteDeletion } from './deletion.ts';
import { mount } from './mounting.ts';
import { isSystem } from './names.ts';
import { quiet } from './quiet.ts';

/**
 * Deletes a database that is not mirrored, mounted or not, with the namespaces of which it is the default one.
 * Throws NOT_FOUND, REFUSED, BUSYLOCK; then it is as it was. Unconfirmed it is refused with what would be gone.
 */
export async function deleteDatabase(given: string, confirmed: boolean, context: DatabaseContext): Promise<string> {
  const { store } = context;
  const view = viewOf(given, context);
  refuse(view, context);
  const { name, directory } = view;
  const { namespaces } = store.executor;
  const lost = namespaces.of(name);
  if (!confirmed) throw unconfirmed(view, lost);
  const database = namespaces.find(name);
  if (database !== undefined) await letGo(database, store, context);
  try {
    noteDeletion(context, { name, directory });
  } catch (error) {
    if (database !== undefined) await mount(name, true, context, new AbortController().signal);
    throw error;
  }
  store.dismounted.forget(name);
  for (const namespace of lost) namespaces.undefine(namespace);
  const left = await carryOutDeletion(context, { name, directory });
  const text = `The database ${name} was deleted${lost.length === 0 ? '' : `, with the namespace ${lost.join(', ')}`}.`;
  context.log(1, conditionLine('DATABASE_DELETED', text, { database: name }));
  context.changed();
  if (left !== null) return `${text} Its files could not be removed, and are no database of this instance any more: remove ${left}.`;
  return text;
}

/** Throws NOT_FOUND. */
function viewOf(given: string, { store }: DatabaseContext): DatabaseView {
  const name = given.toUpperCase();
  const found = store.list().find((each) => each.name.toUpperCase() === name);
  if (found !== undefined) return { ...found, name };
  throw new GemelError('NOT_FOUND', `There is no database ${name} here.`, 'Nothing was changed.', 'gemel db list shows those there are.');
}

/** Throws REFUSED. */
function refuse({ name, mirrored }: DatabaseView, { settings }: DatabaseContext): void {
  if (isSystem(name))
    throw new GemelError(
      'REFUSED',
      `${name} is a system database.`,
      'Nothing was changed.',
      'The instance needs it: it cannot be deleted.',
    );
  const isMapped = Object.keys(settings.MapMirrors).some((mirror) => Object.values(mirroredHere(settings, mirror)).includes(name));
  if (!mirrored && !isMapped) return;
  throw new GemelError(
    'REFUSED',
    `The database ${name} is mirrored.`,
    'Nothing was changed.',
    'Make it an ordinary one first: gemel db remove-from-mirror, on the primary for the whole mirror, elsewhere for this copy.',
  );
}

function unconfirmed({ name, size }: DatabaseView, namespaces: readonly string[]): GemelError {
  const also = namespaces.length === 0 ? '' : `, and the namespace ${namespaces.join(', ')}, of which it is the default database,`;
  return new GemelError(
    'REFUSED',
    `The database ${name} with all that is in it (${Math.ceil(size / 1024)} KB)${also} would be gone for good.`,
    'Nothing was changed.',
    'Make a backup if you may need it (gemel db backup), then repeat the command with --yes.',
  );
}

/** One whose file could not even be opened was never fed. */
async function notFed(database: OpenDatabase, { local }: Store): Promise<void> {
  try {
    await local.remove(database);
  } catch (error) {
    if (!(error instanceof GemelError) || error.code !== 'NOT_FOUND') throw error;
  }
}

/** Nobody updates it or has it open any more. Throws BUSYLOCK; then it is as it was. */
async function letGo(database: OpenDatabase, store: Store, { io }: DatabaseContext): Promise<void> {
  // What takes no updates anyway has nobody to be waited for.
  if (database.bar === null) await quiet(database, 'deleted', store.executor, io.clock);
  else store.executor.abandonOver(database);
  const rested = store.restLocal(database);
  database.bar = changing(database.name, 'deleted');
  try {
    await rested;
  } catch (error) {
    // Its file takes no more: what the journal has for it is not wanted.
    if (!(error instanceof GemelError)) throw error;
    await notFed(database, store);
    database.journal = null;
  }
  store.unmount(database);
}
