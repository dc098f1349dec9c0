import type { Command } from 'commander';
import { GemelError } from '../../api/errors.ts';
import type { DatabaseView } from '../../api/status.ts';
import { command, show, showDone, withInstance, type Context, type JsonOption } from '../context.ts';
import { runJob } from '../jobs.ts';
import { bytes, fields } from '../output.ts';
import { megabytesOrNone, megabytesOrZero } from './megabytes.ts';

interface SetFlags extends JsonOption {
  readonly maxSize?: number | 'none';
  readonly expansionSize?: number;
  readonly resource?: string;
  readonly collation?: string;
}

const maxSize = ['--max-size <MB|none>', 'maximum size: at it, updates that add data are refused with FILEFULL', megabytesOrNone] as const;
const expansionSize = [
  '--expansion-size <MB>',
  'by how much its file is to grow, 0: the system decides; it is kept and synchronised, and changes nothing: files here grow page by page',
  megabytesOrZero,
] as const;

/** What a database is besides its content, and its end. */
export function addPropertyCommands(db: Command, context: Context): void {
  command(db, 'show <instance> <name>', 'a database with its properties').action(
    async (instance: string, name: string, options: JsonOption) => {
      const all = await withInstance(context, instance, (client) => client.call('db.list', {}));
      const found = all.find((each) => each.name === name.toUpperCase());
      if (found === undefined)
        throw new GemelError(
          'NOT_FOUND',
          `There is no database ${name.toUpperCase()} in the instance ${instance}.`,
          '',
          'gemel db list shows those there are.',
        );
      show(context, options, found, databaseText);
    },
  );

  command(db, 'set <instance> <name>', 'set properties: on the primary for all copies of a mirrored database, elsewhere for the copy there')
    .option(...maxSize)
    .option(...expansionSize)
    .option('--resource <name|none>', 'what is to guard it; it is kept and synchronised, and nothing asks for it yet')
    .option('--collation <name>', 'order of its nodes: it is what the database was made with; there is only standard')
    .action((instance: string, name: string, flags: SetFlags) => set(context, instance, name, flags));

  command(db, 'set-size <instance> <name>', 'the same, of sizes only')
    .option(...maxSize)
    .option(...expansionSize)
    .action((instance: string, name: string, flags: SetFlags) => set(context, instance, name, flags));

  command(db, 'delete <instance> <name>', 'delete a database that is not mirrored, with the namespaces of which it is the default one')
    .option('--yes', 'its data is not needed any more')
    .action(async (instance: string, name: string, { yes, ...flags }: JsonOption & { yes?: boolean }) => {
      const options = { json: flags.json === true };
      const done = await runJob(context, instance, options, (client) => client.call('db.delete', { name, confirmed: yes === true }));
      showDone(context, options, done as { message: string });
    });
}

async function set(context: Context, instance: string, name: string, flags: SetFlags): Promise<void> {
  const { maxSize: most, expansionSize: expansionMB, resource, collation } = flags;
  const options = { json: flags.json === true };
  const params = {
    name,
    ...(most === undefined ? {} : { maxSizeMB: most === 'none' ? null : most }),
    ...(expansionMB === undefined ? {} : { expansionMB }),
    ...(resource === undefined ? {} : { resource: resource.toLowerCase() === 'none' ? null : resource }),
    ...(collation === undefined ? {} : { collation }),
  };
  const done = await runJob(context, instance, options, (client) => client.call('db.set', params));
  showDone(context, options, done as { message: string });
}

function databaseText(d: DatabaseView): string {
  const known = d.maxSizeMB !== undefined;
  return fields([
    ['Name', d.name],
    ['Directory', d.directory],
    ['Access', d.mounted ? (d.readOnly ? 'read-only' : 'read-write') : 'dismounted'],
    ['Mirrored as', d.mirrored ? `${d.mirror ?? ''}:${d.mirrorDatabase ?? ''}` : null],
    ['FailoverDB', d.failoverDB === null ? null : d.failoverDB ? 'set' : 'cleared'],
    ['Size', d.full === true ? `${bytes(d.size)}, full: updates that add data are refused` : bytes(d.size)],
    ['Maximum size', d.maxSizeMB === undefined ? null : d.maxSizeMB === null ? 'none' : `${d.maxSizeMB} MB`],
    ['Expansion size', known ? `${d.expansionMB === 0 ? 'left to the system' : `${d.expansionMB ?? 0} MB`} (has no effect)` : null],
    ['Resource', d.resource === undefined ? null : `${d.resource ?? 'none'} (has no effect yet)`],
    ['Collation', d.collation ?? null],
  ]);
}
