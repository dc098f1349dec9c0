import path from 'node:path';
import type { BackupDatabase, BackupHead, RestoredDatabase } from '../../api/backup.ts';
import { conditionLine } from '../../api/conditions.ts';
import type { InstanceMethods, Parsed } from '../../api/contract.ts';
import { GemelError } from '../../api/errors.ts';
import { DatabaseName } from '../../api/names.ts';
import { readBackupHead } from '../../database/backup/index.ts';
import { comparePositions, type Position } from '../../journal/index.ts';
import { Mirror } from '../../mirror/index.ts';
import type { OpenDatabase } from '../executor/index.ts';
import type { JobContext, JobDefinition } from '../jobs/index.ts';
import { memberAt, valid, type Place } from '../member/index.ts';
import type { Feed } from '../store/index.ts';
import { aside } from './aside.ts';
import { absolute, placesOf, type BackupContext } from './context.ts';
import { decideRestore, requireJournal, type MirrorHere } from './decide.ts';
import { carryOutPlan, draftDirectory, writePlan, type Planned } from './plan.ts';
import type { RestoreAs } from './tasks.ts';

/** How long a restored copy waits for journal data that it contains already and this member does not have yet. */
const ARRIVAL_MS = 60_000;
const ARRIVAL_AGAIN_MS = 200;

/** `namespace`: false: none is made with a database that is new here; left out: one of its name, if that is free. */
type Params = Parsed<InstanceMethods, 'db.restore'> & { readonly namespace?: false };

/** One database to be restored. */
interface Wanted {
  readonly backup: BackupDatabase;
  readonly planned: Planned;
  readonly as: RestoreAs;
}

const restoring = (name: string) => ({
  code: 'PROTECT' as const,
  what: `The database ${name} is being replaced by a backup.`,
  todo: 'Wait until that is done: gemel job list.',
});

/** Brings databases of a backup to this instance. Throws what is wrong with the file or the wish; nothing is changed then. */
export function restoreJob(params: Params, context: BackupContext): JobDefinition<RestoredDatabase[]> {
  const file = absolute(params.file);
  const head = readBackupHead(context.io.files, file);
  const wanted = choose(params, head, file, context);
  return {
    kind: 'db.restore',
    title: `restore of ${wanted.map(({ planned }) => planned.name).join(', ')} from ${file}`,
    cancellable: true,
    holds: wanted.flatMap(({ planned }) => [`database ${planned.name}`, `directory ${planned.directory}`]),
    run: (job) => restore(wanted, head, file, job, context),
  };
}

function choose(params: Params, head: BackupHead, file: string, context: BackupContext): Wanted[] {
  const { database, as, directory } = params;
  const chosen = head.databases.filter(({ name }) => database === undefined || name === database.toUpperCase());
  const names = head.databases.map(({ name }) => name).join(', ');
  if (chosen.length === 0)
    throw new GemelError(
      'NOT_FOUND',
      `The backup ${file} has no database ${database?.toUpperCase() ?? ''}.`,
      'Nothing was changed.',
      `It has ${names}.`,
    );
  if (chosen.length > 1 && (as !== undefined || directory !== undefined))
    throw new GemelError('USAGE', `The backup has several databases: ${names}.`, 'Nothing was changed.', 'Say which one: --db NAME.');
  return chosen.map((backup) => {
    const name = valid(DatabaseName, as ?? backup.name, 'a database');
    return { backup, planned: planOf(backup, name, params, context), as: decide(backup, name, params.overwrite, context) };
  });
}

function planOf({ mirror }: BackupDatabase, name: string, params: Params, context: BackupContext): Planned {
  const { directory: given } = params;
  const { settings, store, paths, io } = context;
  const configured = settings.Databases[name];
  const directory = store.directoryOf(configured ?? given ?? name.toLowerCase());
  if (configured !== undefined && given !== undefined && store.directoryOf(given) !== directory)
    throw new GemelError('USAGE', `The database ${name} is in ${directory} already.`, 'Nothing was changed.', 'Leave --directory out.');
  if (configured === undefined && io.files.exists(path.join(directory, 'GEMEL.DAT')))
    throw new GemelError(
      'EXISTS',
      `There is a database in ${directory} already.`,
      'It was left as it is.',
      'Choose another directory: --directory.',
    );
  const relative = path.relative(paths.directory, directory);
  return {
    name,
    directory,
    stored: relative.startsWith('..') ? directory : relative,
    isNew: configured === undefined,
    namespace: params.namespace ?? settings.Namespaces[name] === undefined,
    mirrored: mirror === null || placeOf(mirror.name, context) === null ? null : { mirror: mirror.name, database: mirror.database },
  };
}

function decide(backup: BackupDatabase, name: string, overwrite: boolean, context: BackupContext): RestoreAs {
  const { store, settings } = context;
  return decideRestore(backup, {
    name,
    isConfigured: settings.Databases[name] !== undefined,
    overwrite,
    databases: store.executor.namespaces.all().map((each) => {
      const { guid, mirror } = each.nodes.meta();
      return { name: each.name, guid, mirror, isRetained: each.isRetained, fedByMirror: each.fedByMirror };
    }),
    mirror: backup.mirror === null ? null : mirrorHere(placeOf(backup.mirror.name, context)),
  });
}

function placeOf(mirror: string, { mirror: service }: Pick<BackupContext, 'mirror'>): Place | null {
  return service.places.find((place) => place.mirror === mirror) ?? null;
}

/** Throws when the place is held. */
function mirrorHere(place: Place | null): MirrorHere | null {
  if (place === null) return null;
  const member = memberAt(place);
  const { membership, journal } = member;
  const first = journal.journal.files.first;
  const role = member instanceof Mirror ? member.state.role.is : 'async';
  return {
    guid: membership.guid,
    isPrimary: role === 'primary' || role === 'yielded' || journal.writer !== null,
    isChanging: role === 'taking' || role === 'starting' || role === 'lost',
    databases: membership.databases,
    reach: journal.reach,
    first: first === undefined ? null : { file: first.number, offset: 0 },
  };
}

// ------------------------------------------------------------ the work

async function restore(
  wanted: readonly Wanted[],
  head: BackupHead,
  file: string,
  job: JobContext,
  context: BackupContext,
): Promise<RestoredDatabase[]> {
  const drafts = head.databases.map((backup) => {
    const found = wanted.find((each) => each.backup === backup);
    return found === undefined ? null : { directory: draftDirectory(found.planned.directory), as: found.as };
  });
  const directories = wanted.map(({ planned }) => planned.directory);
  const total = head.databases.reduce((sum, { bytes }) => sum + bytes, 0);
  try {
    job.step('Reading the backup and making the copies beside what is there.');
    const { instance } = context.store;
    const task = { task: 'extract', path: file, id: head.id, instance, drafts, places: placesOf(context) } as const;
    await aside(task, job.signal, (done) => job.progress({ done, total, unit: 'bytes', text: 'Restoring' }));
    const behind = new Map<Wanted, string | null>();
    for (const each of wanted) behind.set(each, each.as === 'dejournaled' ? await arrival(each.backup, job, context) : null);
    job.signal.throwIfAborted();
    job.setCancellable(false);
    // What has become of the mirror meanwhile counts.
    for (const each of wanted) decide(each.backup, each.planned.name, true, context);
    await replace(wanted, head, job, context);
    return await Promise.all(wanted.map((each) => begin(each, behind.get(each) ?? null, context)));
  } finally {
    await aside({ task: 'clear', directories }, null, () => undefined);
  }
}

/** Waits until this member has the journal that the backup contains. @returns why it does not go on from there; null: it does */
async function arrival(
  { mirror, position, lineage, openStart, name }: BackupDatabase,
  job: JobContext,
  context: BackupContext,
): Promise<string | null> {
  if (position === null || mirror === null) return null;
  const { clock } = context.io;
  const until = clock.monotonicMs() + ARRIVAL_MS;
  for (let isTold = false; ; isTold = true) {
    const here = mirrorHere(placeOf(mirror.name, context));
    if (here !== null) requireJournal({ position, lineage, openStart, name }, here, { mirror: mirror.name, database: mirror.database });
    const end = here?.reach.end.position;
    if (end !== undefined && comparePositions(end, position) >= 0) return null;
    if (!isTold) job.step(`Waiting until the mirror’s journal has arrived here up to ${text(position)}.`);
    if (clock.monotonicMs() >= until)
      return `The mirror’s journal has arrived here up to ${end === undefined ? 'nothing' : text(end)} only, and the backup contains it up to ${text(position)}.`;
    job.signal.throwIfAborted();
    await new Promise<void>((resolve) => clock.timer(ARRIVAL_AGAIN_MS, resolve));
  }
}

function text({ file, offset }: Position): string {
  return `file ${file}, offset ${offset}`;
}

/** Puts the new copies in the place of the old ones. When it throws, the old ones are back. */
async function replace(wanted: readonly Wanted[], head: BackupHead, job: JobContext, context: BackupContext): Promise<void> {
  const { store, io, paths, settings } = context;
  const { namespaces } = store.executor;
  const existing = wanted.flatMap(({ planned }) => namespaces.find(planned.name) ?? []);
  try {
    for (const database of existing) await letGo(database, context);
    const journal = { journalId: settings.Startup.InstanceGUID, position: await store.localEnd() };
    const drafts = wanted.map(({ planned, backup, as }) => ({
      directory: draftDirectory(planned.directory),
      name: planned.name,
      ordinary: as === 'ordinary' ? { ...journal, guid: guidOf(backup, planned, context) } : null,
    }));
    await aside({ task: 'finish', drafts }, null, () => undefined);
    for (const database of existing) {
      database.release();
      namespaces.unmount(database.name);
      database.nodes.close();
    }
    const planned = wanted.map((each) => each.planned);
    const plan = writePlan(io.files, paths.mgr, head.id, planned);
    carryOutPlan(io.files, plan, planned, context);
    job.step('The new copies are in place.');
  } catch (error) {
    for (const { name } of existing) {
      const database = namespaces.find(name);
      if (database !== undefined) {
        database.release();
        namespaces.unmount(name);
        database.nodes.close();
      }
      await store.mountRestored(name);
    }
    throw error;
  }
}

/** Nobody updates or feeds it any more, and what its clients had open in it is undone. */
async function letGo(database: OpenDatabase, context: BackupContext): Promise<void> {
  const { store } = context;
  if (database.isRetained) return;
  if (database.fedByMirror) {
    await fedNoMore(placeOf(database.mirror?.name ?? '', context)?.host?.mirrored.feed, database);
    return;
  }
  database.bar = restoring(database.name);
  if (store.executor.abandonOver(database) > 0) context.resetClients();
  await store.executor.jointSettled();
  const rested = store.restLocal(database);
  database.bar = restoring(database.name);
  try {
    await rested;
  } catch (error) {
    // One that takes no updates any more is what a backup is for.
    if (!(error instanceof GemelError)) throw error;
    await fedNoMore(store.local, database);
    database.journal = null;
  }
}

/** One whose file could not even be opened was never fed. */
async function fedNoMore(feed: Feed | undefined, database: OpenDatabase): Promise<void> {
  try {
    await feed?.remove(database);
  } catch (error) {
    if (!(error instanceof GemelError) || error.code !== 'NOT_FOUND') throw error;
  }
}

/** Two databases of an instance never have one GUID. */
function guidOf({ guid }: BackupDatabase, { name }: Planned, { store, io }: BackupContext): string {
  const isTaken = store.executor.namespaces.all().some((each) => each.guid === guid && each.name !== name);
  return isTaken ? io.random.guid() : guid;
}

/** Mounts it as what it is now. */
async function begin({ backup, planned, as }: Wanted, behind: string | null, context: BackupContext): Promise<RestoredDatabase> {
  const { store, log } = context;
  const { name, directory, isNew, namespace } = planned;
  const database = await store.mountRestored(name);
  if (database === null)
    throw new GemelError(
      'DATABASE',
      `The restored database ${name} cannot be mounted.`,
      'Its file was left as it is.',
      'See messages.log.',
    );
  if (isNew && namespace) store.executor.namespaces.define(name, name);
  const place = as === 'dejournaled' && backup.mirror !== null ? placeOf(backup.mirror.name, context) : null;
  const failure = behind ?? place?.host?.mirrored.failure(database.journalName) ?? null;
  const { member = null } = place ?? {};
  if (member instanceof Mirror) member.peers.applyDurable();
  else member?.dejournaler.apply();
  const position = backup.position === null ? 'the beginning' : text(backup.position);
  const facts = { database: name, position: backup.position === null ? '0:0' : `${backup.position.file}:${backup.position.offset}` };
  log(1, conditionLine('DATABASE_RESTORED', `The database ${name} was restored as of ${position} (${as}).`, facts));
  if (failure !== null) log(2, conditionLine('RESTORED_BEHIND', `The database ${name} cannot catch up now. ${failure}`, facts));
  return { name, directory, as, behind: failure };
}
