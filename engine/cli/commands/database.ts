import type { Command } from 'commander';
import { GemelError } from '../../api/errors.ts';
import type { DatabaseView } from '../../api/status.ts';
import { command, show, showDone, withInstance, type Context, type JsonOption } from '../context.ts';
import { bytes, fields, table } from '../output.ts';
import { addBackupCommands } from './backup.ts';
import { addLifeCommands } from './database-life.ts';
import { addSeedCommand, followed } from './database-seed.ts';
import { addPropertyCommands } from './database-properties.ts';
import { megabytes } from './megabytes.ts';

interface CreateFlags extends JsonOption {
  readonly mirrored?: boolean;
  readonly mirror?: string;
  readonly mirrorDb?: string;
  readonly wholeMirror?: boolean;
  readonly maxSize?: number;
  readonly dir?: string;
  readonly namespace: boolean;
}

export function addDatabaseCommands(program: Command, context: Context): void {
  const db = program.command('db').description('databases of a running instance');

  command(db, 'create <instance> <name>', 'make a database and a namespace of the same name')
    .option('--mirrored', 'mirror it (on the primary first, then on the other members)')
    .option('--mirror <mirror>', 'the mirror, when the instance is in several')
    .option('--mirror-db <name>', 'its name in the mirror (default: NAME)')
    .option('--whole-mirror', 'on the primary: every failover and disaster recovery member makes its copy by itself')
    .option('--max-size <MB>', 'maximum size; larger, updates that add data are refused with FILEFULL', megabytes)
    .option('--dir <directory>', 'where to put it (default: in the instance directory)')
    .option('--no-namespace', 'make no namespace')
    .action(
      async (instance: string, name: string, { json = false, mirrorDb, wholeMirror = false, maxSize, dir, ...flags }: CreateFlags) => {
        const { mirrored = false, mirror, namespace } = flags;
        const params = { name, mirrored, mirror, mirrorDatabase: mirrorDb, wholeMirror, maxSizeMB: maxSize, directory: dir, namespace };
        const { job, ...made } = await withInstance(context, instance, (client) => client.call('db.create', params));
        if (!json || job === undefined) show(context, { json }, made, createdText);
        if (job === undefined) return;
        const { message, copies } = await followed(context, instance, { json }, job);
        show(context, { json }, { ...made, copies }, () => `${message}\n`);
      },
    );

  command(db, 'list <instance>', 'its databases').action(async (instance: string, options: JsonOption) => {
    show(context, options, await withInstance(context, instance, (client) => client.call('db.list', {})), databaseTable);
  });

  addClearing(db, context);
  addBackupCommands(db, context);
  addLifeCommands(db, context);
  addSeedCommand(db, context);
  addPropertyCommands(db, context);

  command(db, 'verify <instance> <name>', 'read a database completely and check its structure; prints a digest of its content').action(
    async (instance: string, name: string, options: JsonOption) => {
      const found = await withInstance(context, instance, (client) => client.call('db.verify', { name }));
      show(context, options, found, (v) =>
        fields([
          ['Sound', v.sound ? 'yes' : 'no'],
          ['Nodes', v.nodes],
          ['Digest', v.digest],
          ['Position', v.position],
          ...v.problems.map((each) => ['Problem', each] as const),
        ]),
      );
      if (!found.sound)
        throw new GemelError(
          'DAMAGED',
          `Database ${name} is not sound.`,
          'It was not changed.',
          'Restore it from a backup, or from another member of its mirror.',
        );
    },
  );
}

function addClearing(db: Command, context: Context): void {
  command(
    db,
    'clear-failoverdb <instance> [name]',
    'on a reporting async: a mirrored database takes updates there too, and can never be a primary’s copy again',
  )
    .option('--all', 'all mirrored databases that still have the flag')
    .action(async (instance: string, name: string | undefined, { json, all = false }: JsonOption & { all?: boolean }) => {
      const params = { all, ...(name === undefined ? {} : { name }) };
      showDone(
        context,
        { json: json === true },
        await withInstance(context, instance, (client) => client.call('db.clearFailoverDB', params)),
      );
    });
}

function createdText({ name, directory, mirrored, mirrorDatabase, mirror }: DatabaseView): string {
  return `Database ${name} was created in ${directory}${mirrored ? `, mirrored as ${mirrorDatabase} in ${mirror}` : ''}.\n`;
}

function databaseTable(all: DatabaseView[]): string {
  const rows = all.map((d) => [
    d.name,
    d.mounted ? (d.readOnly ? 'read-only' : 'read-write') : 'dismounted',
    d.mirrored ? `${d.mirror}:${d.mirrorDatabase}${d.retained === true ? ' (kept; not a member)' : ''}` : '-',
    d.failoverDB === null ? '-' : d.failoverDB ? 'set' : 'cleared',
    d.full === true ? `${bytes(d.size)} (full)` : bytes(d.size),
    d.maxSizeMB === undefined ? '-' : d.maxSizeMB === null ? 'none' : `${d.maxSizeMB} MB`,
    d.directory,
  ]);
  return table(['NAME', 'ACCESS', 'MIRRORED AS', 'FAILOVERDB', 'SIZE', 'MAXIMUM', 'DIRECTORY'], rows);
}
