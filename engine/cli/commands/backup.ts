import path from 'node:path';
import { InvalidArgumentError, Option, type Command } from 'commander';
import { z } from 'zod';
import { BackupResult, RestoredDatabase, type BackupHead, type RoleView } from '../../api/backup.ts';
import { GemelError } from '../../api/errors.ts';
import { readBackup, readBackupHead } from '../../database/backup/index.ts';
import { realFiles } from '../../io/index.ts';
import { command, show, showDone, withInstance, type Context, type JsonOption } from '../context.ts';
import { runJob } from '../jobs.ts';
import { bytes, fields, table } from '../output.ts';

const FREEZE_SECONDS = 60;

interface RestoreFlags extends JsonOption {
  readonly from: string;
  readonly db?: string;
  readonly as?: string;
  readonly overwrite?: boolean;
  readonly directory?: string;
}

/** Commands of `db`. */
export function addBackupCommands(db: Command, context: Context): void {
  command(db, 'backup <instance> <names...>', 'copy databases into one file while they are updated')
    .requiredOption('--to <file>', 'the file, which must not exist, on the instance’s host')
    .option('--level <n>', 'of compression by zstd, 1 to 19 (default 1)', level)
    .action(async (instance: string, databases: string[], { json, to, level: given }: JsonOption & { to: string; level?: number }) => {
      const params = { databases, file: path.resolve(to), ...(given === undefined ? {} : { level: given }) };
      const options = { json: json === true };
      const result = await runJob(context, instance, options, (client) => client.call('db.backup', params));
      show(context, options, BackupResult.parse(result), backupText);
    });

  command(db, 'backup-info <file>', 'what a backup has: only its beginning is read').action((file: string, options: JsonOption) => {
    show(context, options, readBackupHead(realFiles, path.resolve(file)), headText);
  });

  command(db, 'verify-backup <file>', 'read a backup through and check every checksum').action((file: string, options: JsonOption) => {
    const none = (): void => undefined;
    show(context, options, readBackup(realFiles, path.resolve(file), { file: none, undo: none, progress: none }), backupText);
  });

  command(db, 'restore <instance>', 'bring databases of a backup to an instance; a copy of its mirror catches up by itself')
    .requiredOption('--from <file>', 'the backup, on the instance’s host')
    .option('--db <name>', 'this one of its databases (default: all)')
    .option('--as <name>', 'under another name')
    .option('--overwrite', 'replace the database of that name')
    .option('--directory <directory>', 'where to put a new one (default: in the instance directory)')
    .action(async (instance: string, { json, from, db: database, as, overwrite = false, directory }: RestoreFlags) => {
      const params = {
        file: path.resolve(from),
        overwrite,
        ...(database === undefined ? {} : { database }),
        ...(as === undefined ? {} : { as }),
        ...(directory === undefined ? {} : { directory: path.resolve(directory) }),
      };
      const options = { json: json === true };
      const result = await runJob(context, instance, options, (client) => client.call('db.restore', params));
      show(context, options, z.array(RestoredDatabase).parse(result), (all) => all.map(restoredText).join(''));
    });

  command(db, 'freeze <instance> [names...]', 'let database files get no writes, so that something else can make a snapshot of them')
    .option('--all', 'all databases (also when no name is given)')
    .option('--timeout <seconds>', `thaw by itself after so long (default ${FREEZE_SECONDS})`, seconds)
    .addHelpText(
      'after',
      '\nUpdates go on in memory and in the journal. When that is full they wait; on a primary that lasts for long this may cause a failover.',
    )
    .action(
      async (instance: string, names: string[], { json, timeout = FREEZE_SECONDS }: JsonOption & { timeout?: number }, own: Command) => {
        const isAll = own.opts<{ all?: boolean }>().all === true;
        if (isAll && names.length > 0)
          throw new GemelError('USAGE', 'Names and --all were both given.', 'Nothing was changed.', 'Give one of them.');
        const params = { databases: names, timeoutMs: timeout * 1000 };
        show(
          context,
          { json: json === true },
          await withInstance(context, instance, (client) => client.call('db.freeze', params)),
          ({ databases }) =>
            `Frozen for ${timeout} s at most: ${databases.join(', ')}. Thaw them as soon as the snapshot is made: gemel db thaw ${instance}. If updates have to wait for long, there may be a failover.\n`,
        );
      },
    );

  command(db, 'thaw <instance>', 'let database files get writes again; fails when some were written to before').action(
    async (instance: string, options: JsonOption) => {
      const done = await withInstance(context, instance, (client) => client.call('db.thaw', {}));
      showDone(context, options, done);
      if (!done.intact)
        throw new GemelError(
          'REFUSED',
          'Database files were written to while they were frozen.',
          'The databases are sound.',
          'Make the snapshot again; messages.log says what did not wait.',
        );
    },
  );
}

/** `mirror role`. */
export function addRoleCommand(mirror: Command, context: Context): void {
  command(mirror, 'role <instance>', 'its role in one word, for scripts: primary, backup, failover (neither now), async or none')
    .option('--mirror <mirror>', 'the mirror, when it is in several')
    .addOption(
      new Option('--is <role>', 'exit with 1 unless it has that role').choices(['primary', 'backup', 'async', 'failover', 'member']),
    )
    .action(async (instance: string, { json, mirror: name, is }: JsonOption & { mirror?: string; is?: string }) => {
      const view = await withInstance(context, instance, (client) =>
        client.call('mirror.role', name === undefined ? {} : { mirror: name }),
      );
      show(context, { json: json === true }, view, ({ role }) => `${role}\n`);
      if (is !== undefined && !hasRole(view, is))
        throw new GemelError('REFUSED', `${view.instance} is ${view.role}, not ${is}.`, '', 'See gemel mirror status.');
    });
}

function hasRole({ role, type }: RoleView, wanted: string): boolean {
  if (wanted === 'member') return role !== 'none';
  return wanted === 'failover' ? role !== 'none' && type === 'Failover' : role === wanted;
}

function backupText({ file, head, bytes: copied, fileBytes, undone, digest }: z.infer<typeof BackupResult>): string {
  return (
    headText(head) +
    fields([
      ['File', file],
      ['Size', `${bytes(fileBytes)} of ${bytes(copied)}`],
      ['SHA-256', digest],
      ...(undone === 0 ? [] : [['Open', `${undone} changes of transactions that were open, taken back at a restore`] as const]),
    ])
  );
}

function headText({ instance, timeMs, version, databases }: BackupHead): string {
  const rows = databases.map(({ name, mirror, position, bytes: size }) => [
    name,
    mirror === null ? '-' : `${mirror.name}:${mirror.database}`,
    position === null ? '-' : `${position.file}:${position.offset}`,
    bytes(size),
  ]);
  return (
    fields([
      ['Instance', instance],
      ['Taken', new Date(timeMs).toISOString()],
      ['Version', version],
    ]) + table(['DATABASE', 'MIRRORED AS', 'JOURNAL POSITION', 'SIZE'], rows)
  );
}

const becomes: Record<RestoredDatabase['as'], string> = {
  dejournaled: 'it catches up from its mirror',
  retained: 'it still has the attribute of its mirror, and is read-only until that is removed',
  ordinary: 'as of the backup',
};

function restoredText({ name, directory, as, behind }: RestoredDatabase): string {
  return `Database ${name} was restored in ${directory}: ${behind === null ? becomes[as] : `it cannot catch up now. ${behind}`}.\n`;
}

function level(given: string): number {
  const value = Number(given);
  if (!Number.isInteger(value) || value < 1 || value > 19) throw new InvalidArgumentError('Give a number from 1 to 19.');
  return value;
}

function seconds(given: string): number {
  const value = Number(given);
  if (!Number.isFinite(value) || value < 1 || value > 3600) throw new InvalidArgumentError('Give seconds, 1 to 3600.');
  return value;
}
