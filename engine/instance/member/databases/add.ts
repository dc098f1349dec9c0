import { conditionLine } from '../../../api/conditions.ts';
import { GemelError } from '../../../api/errors.ts';
import { makeMirrored } from '../../../database/index.ts';
import type { MirrorDatabase } from '../../../mirror/index.ts';
import type { OpenDatabase } from '../../executor/index.ts';
import { changing } from '../../store/index.ts';
import { confirmed } from '../confirmed.ts';
import { rememberMirrored } from '../map-mirrors.ts';
import { mounted, requireSame, type DatabaseContext, type Primary } from './context.ts';
import { joinMirror } from './join.ts';
import { mirrorNameFor, type Wanted } from './names.ts';
import { quiet } from './quiet.ts';

/** Checks what can be checked before anything is changed. Throws NAME, NOT_FOUND, EXISTS, REFUSED. */
export function checkAdd(name: string, given: string | undefined, primary: Primary, context: DatabaseContext): Wanted {
  const { membership } = primary.member;
  const wanted = mirrorNameFor(name, given, membership);
  const database = mounted(name, context);
  if (database.mirrored)
    throw new GemelError(
      'REFUSED',
      `The database ${database.name} is mirrored already, as ${database.mirror?.database ?? ''} of ${database.mirror?.name ?? ''}.`,
      'Nothing was changed.',
      'gemel mirror status shows it.',
    );
  if (context.store.inDoubt > 0)
    throw new GemelError(
      'REFUSED',
      `${context.store.inDoubt} transactions over mirrored and unmirrored data are in doubt here.`,
      'Nothing was changed.',
      'Wait until they are decided: messages.log says when.',
    );
  return wanted;
}

/**
 * Makes an existing database one of the mirror. Its file has everything of the local journal before; then one commit makes it mirrored, from a
 * place in the mirror's journal on; then the mirror is told, with `wholeMirror` also that its other members are to make copies. Between the two a crash
 * leaves it to the next start, which takes it back.
 * Updates are refused meanwhile. Throws as `checkAdd`, BUSYLOCK; TIMEOUT: it is added here, and may be in the mirror.
 */
export async function addToMirror(wanted: Wanted, primary: Primary, context: DatabaseContext, wholeMirror: boolean): Promise<void> {
  const { store, io } = context;
  const database = mounted(wanted.name, context);
  await quiet(database, 'added to the mirror', store.executor, io.clock);
  const { position, made } = await crossOver(database, { ...wanted, wholeMirror }, primary, context);
  const text = `The database ${made.name} was added to the mirror as ${wanted.database}.`;
  context.log(1, conditionLine('DATABASE_ADDED', text, { database: made.name, file: position.file, offset: position.offset }));
  await openInMirror(made, wanted.database, primary, context);
}

async function crossOver(
  database: OpenDatabase,
  wanted: Wanted & { readonly wholeMirror: boolean },
  primary: Primary,
  context: DatabaseContext,
) {
  const { store } = context;
  const { directory, guid, name } = database;
  try {
    await store.local.drained(await store.localEnd());
    await store.local.remove(database);
    database.journal = null;
    const position = await primary.writer.settled();
    // From here on nothing is waited for: the role cannot be lost in between.
    requireSame(primary);
    checkAdd(wanted.name, wanted.database, primary, context);
    const { mirror, guid: mirrorGuid } = primary.member.membership;
    const names = { name: mirror, guid: mirrorGuid, database: wanted.database };
    const made = store.changed(database, () => makeMirrored(directory, names, position, store.instance));
    if (made === null) throw notMounted(name);
    const entry: MirrorDatabase = { name: wanted.database, guid, created: position, origin: 'added' };
    joinMirror(made, wanted.wholeMirror ? { ...entry, wanted: 1 } : entry, primary);
    rememberMirrored(mirror, [made], context);
    return { position, made };
  } catch (error) {
    await giveBack(name, context);
    throw error;
  }
}

/** It is the ordinary database that it was. */
async function giveBack(name: string, { store }: DatabaseContext): Promise<void> {
  const database = store.executor.namespaces.find(name);
  if (database === undefined || database.mirrored) return;
  if (database.journal === null) await store.takeLocally(database);
  database.bar = null;
}

function notMounted(name: string): GemelError {
  return new GemelError(
    'DATABASE',
    `The database ${name} cannot be mounted.`,
    'Its file was left as it is; the next start of the instance finishes what was begun, or takes it back.',
    'messages.log says why.',
  );
}

/** A database that the mirror has just got is fed, and takes updates once the mirror knows it. */
export async function openInMirror(
  made: OpenDatabase,
  name: string,
  { member, host, writer }: Primary,
  context: DatabaseContext,
): Promise<void> {
  const bar = changing(made.name, 'made known to the mirror');
  made.bar = bar;
  context.changed();
  try {
    await host.mirrored.feedOne(made);
    await confirmed(member, writer, name);
  } finally {
    if (made.bar === bar) made.bar = null;
  }
}
