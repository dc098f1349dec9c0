import { dirname, basename } from 'node:path';
import type { BackupDatabase, BackupHead, BackupResult } from '../../api/backup.ts';
import { conditionLine } from '../../api/conditions.ts';
import type { InstanceMethods, Parsed } from '../../api/contract.ts';
import { GemelError } from '../../api/errors.ts';
import { VERSION } from '../../api/version.ts';
import { publishBackup, requireNew } from '../../database/backup/index.ts';
import { assert } from '../../io/assert.ts';
import { comparePositions } from '../../journal/index.ts';
import type { JobContext, JobDefinition } from '../jobs/index.ts';
import { aside } from './aside.ts';
import { absolute, mounted, placesOf, type BackupContext } from './context.ts';
import { noteBackup } from '../journals/index.ts';
import { holdDatabases, type HeldDatabase } from './holding.ts';
import type { OpenIn, WriteTask } from './tasks.ts';

/** A backup of databases into one file, while they are updated. Throws NOT_FOUND, USAGE, EXISTS. */
export function backupJob(params: Parsed<InstanceMethods, 'db.backup'>, context: BackupContext): JobDefinition<BackupResult> {
  const databases = [...new Set(params.databases.map((name) => mounted(name, context)))];
  const file = absolute(params.file);
  requireNew(context.io.files, file);
  if (!context.io.files.exists(dirname(file)))
    throw new GemelError('NOT_FOUND', `There is no directory ${dirname(file)}.`, 'Nothing was done.', 'Make it, or choose another one.');
  const names = databases.map(({ name }) => name);
  return {
    kind: 'db.backup',
    title: `backup of ${names.join(', ')} to ${file}`,
    cancellable: true,
    holds: [`file ${file}`, ...names.map((name) => `database ${name}`)],
    run: async (job) => {
      const held = await holdDatabases(databases, false, context);
      let isIntact: Promise<boolean> | null = null;
      try {
        return await copy(held.databases, { file, level: params.level }, job, context, () => (isIntact ??= held.release()));
      } finally {
        await (isIntact ?? held.release());
      }
    },
  };
}

async function copy(
  held: readonly HeldDatabase[],
  { file, level }: { readonly file: string; readonly level: number },
  job: JobContext,
  context: BackupContext,
  release: () => Promise<boolean>,
): Promise<BackupResult> {
  const { io, settings } = context;
  const head: BackupHead = {
    id: io.random.guid(),
    version: VERSION,
    instance: settings.Startup.InstanceName,
    instanceGuid: settings.Startup.InstanceGUID,
    timeMs: io.clock.wallMs(),
    databases: held.map((each) => headOf(each, context)),
  };
  const total = head.databases.reduce((sum, { bytes }) => sum + bytes, 0);
  const left = io.files.list(dirname(file)).filter((name) => name.startsWith(`${basename(file)}.`) && name.endsWith('.partial'));
  if (left.length > 0) job.step(`Left over from an attempt that did not come to its end, and not needed: ${left.join(', ')}.`);
  job.step(
    `Copying ${head.databases.map((d) => `${d.name} (${d.position === null ? 'empty' : `at ${d.position.file}:${d.position.offset}`})`).join(', ')}.`,
  );
  const draft = `${file}.${head.id.slice(0, 8)}.partial`;
  const sources = held.map((each) => ({ path: each.path, open: openIn(each, context) }));
  const task: WriteTask = { task: 'write', path: file, draft, head, level, sources, places: placesOf(context) };
  const result = await aside(task, job.signal, (done) => job.progress({ done, total, unit: 'bytes', text: 'Copying' }));
  assert(result !== null, 'a backup that was written is told of');
  job.setCancellable(false);
  if (!(await release())) {
    io.files.remove(draft);
    throw new GemelError(
      'REFUSED',
      'A database was closed or changed by something else while it was copied.',
      'Nothing is left of the backup, and the databases go on.',
      'See messages.log, and take the backup again.',
    );
  }
  publishBackup(io.files, { path: file, draft });
  noted(head, context);
  return result;
}

/** The backup is whole, whatever becomes of the note. */
function noted(head: BackupHead, { io, paths, log }: BackupContext): void {
  try {
    noteBackup(io.files, paths.mgr, head);
  } catch (error) {
    if (!(error instanceof GemelError)) throw error;
    const text = `A backup does not count for [Journal] BackupsBeforePurge: ${error.message}`;
    log(1, conditionLine('BACKUP_NOT_COUNTED', text, { backup: head.id, code: error.code }));
  }
}

function headOf({ database, path, position, openStart }: HeldDatabase, { io, mirror }: BackupContext): BackupDatabase {
  const { guid, journalId } = database.nodes.meta();
  const member = database.fedByMirror ? mirror.places.find((place) => place.mirror === database.mirror?.name)?.member : null;
  const lineage = member?.journal.reach.lineage ?? [];
  return {
    name: database.name,
    guid,
    mirror: database.nodes.meta().mirror,
    journalId,
    position,
    openStart,
    bytes: io.files.size(path),
    lineage:
      position === null
        ? []
        : lineage.filter(({ first }) => comparePositions(first, position) <= 0).map((entry) => ({ ...entry, epoch: { ...entry.epoch } })),
  };
}

function openIn({ database, openStart }: HeldDatabase, { paths, settings }: BackupContext): OpenIn {
  if (openStart === null || database.isRetained) return null;
  const { mirror } = database.nodes.meta();
  const journal =
    database.fedByMirror && mirror !== null
      ? ({ kind: 'mirror', name: mirror.name, guid: mirror.guid } as const)
      : ({ kind: 'local', name: '', guid: settings.Startup.InstanceGUID } as const);
  return { directory: paths.journal, journal, name: database.journalName };
}
