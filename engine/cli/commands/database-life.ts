import type { Command } from 'commander';
import { z } from 'zod';
import { GemelError } from '../../api/errors.ts';
import { command, show, showDone, withInstance, type Context, type InstanceClient, type JsonOption } from '../context.ts';
import { runJob } from '../jobs.ts';
import { followed } from './database-seed.ts';

/** So many databases at once are added in the background. */
const BACKGROUND_FROM = 5;

interface AddFlags extends JsonOption {
  readonly mirror?: string;
  readonly mirrorDb?: string;
  readonly background?: boolean;
  readonly wholeMirror?: boolean;
}

interface BackgroundFlags extends JsonOption {
  readonly background?: boolean;
}

/** `job`: shows what goes on after it. */
const Done = z.object({ message: z.string(), job: z.string().optional() });

type Begin = (client: InstanceClient) => Promise<{ job: string }>;

const background = ['--background', 'only begin it; gemel job list shows how far it is'] as const;

/** The life of a mirrored database: into the mirror, out of it, and what keeps a copy from following it. */
export function addLifeCommands(db: Command, context: Context): void {
  command(db, 'add-to-mirror <instance> <names...>', 'on the primary: make existing databases, with their data, the mirror’s')
    .option('--mirror-db <name>', 'its name in the mirror (of one database only; default: NAME)')
    .option('--mirror <mirror>', 'the mirror, when the instance is in several')
    .option('--whole-mirror', 'every failover and disaster recovery member makes its copy by itself')
    .option('--background', `only begin it (by itself with ${BACKGROUND_FROM} databases or more); gemel job list shows how far it is`)
    .action(async (instance: string, names: string[], { mirror, mirrorDb, wholeMirror = false, ...flags }: AddFlags) => {
      if (mirrorDb !== undefined && names.length > 1)
        throw new GemelError('USAGE', '--mirror-db is the name of one database.', 'Nothing was changed.', 'Add them one by one.');
      const databases = names.map((name) => ({ name, ...(mirrorDb === undefined ? {} : { mirrorDatabase: mirrorDb }) }));
      const isBackground = flags.background === true || names.length >= BACKGROUND_FROM;
      await run(context, instance, { ...flags, background: isBackground }, (client) =>
        client.call('db.addToMirror', { databases, wholeMirror, ...(mirror === undefined ? {} : { mirror }) }),
      );
    });

  for (const [name, method, what] of simple)
    command(db, `${name} <instance> <names...>`, what).action((instance: string, names: string[], flags: JsonOption) =>
      run(context, instance, flags, (client) => client.call(method, { names })),
    );

  for (const [name, method, what] of long)
    command(db, `${name} <instance> <names...>`, what)
      .option(...background)
      .action((instance: string, names: string[], flags: BackgroundFlags) =>
        run(context, instance, flags, (client) => client.call(method, { names })),
      );

  command(db, 'mount <instance> <names...>', 'put dismounted databases into use again; mirrored copies catch up by themselves')
    .option('--no-catchup', 'mirrored copies take nothing before gemel db catchup')
    .action((instance: string, names: string[], { catchup, ...flags }: JsonOption & { catchup: boolean }) =>
      run(context, instance, flags, (client) => client.call('db.mount', { names, catchup })),
    );

  command(
    db,
    'mark-caught-up <instance> <names...>',
    'take copies for caught up although they lack journal: it is not checked that they miss nothing',
  )
    .option('--yes', 'you have made sure of that')
    .action(async (instance: string, names: string[], { yes, ...flags }: JsonOption & { yes?: boolean }) => {
      if (yes !== true)
        throw new GemelError(
          'REFUSED',
          'What the journal has for these databases would never be applied to them.',
          'Nothing was changed.',
          'If nothing of it is missing in them, repeat the command with --yes; else restore a newer backup.',
        );
      await run(context, instance, flags, (client) => client.call('db.markCaughtUp', { names }));
    });
}

const simple = [
  ['dismount', 'db.dismount', 'take databases out of use until they are mounted, or the instance is started anew'],
  [
    'remove-from-mirror',
    'db.removeFromMirror',
    'make mirrored databases ordinary ones: on the primary for the whole mirror, elsewhere this copy only',
  ],
  ['recreate', 'db.recreate', 'empty mirrored databases: on the primary first, then on each other member'],
  ['pause-dejournal', 'db.pauseDejournal', 'not on the primary: stop dejournaling of some databases until gemel db catchup'],
] as const;

const long = [
  ['activate', 'db.activate', 'make copies that were brought here, or kept, this member’s own'],
  ['catchup', 'db.catchup', 'bring copies up to date from the mirror’s journal; activates those that need it'],
] as const;

async function run(context: Context, instance: string, { json, background: isBackground }: BackgroundFlags, begin: Begin): Promise<void> {
  const options = { json: json === true };
  if (isBackground !== true) {
    const done = Done.parse(await runJob(context, instance, options, begin));
    if (done.job === undefined) return showDone(context, options, done);
    if (!options.json) showDone(context, options, done);
    return show(context, options, await followed(context, instance, options, done.job), ({ message }) => `${message}\n`);
  }
  const { job } = await withInstance(context, instance, begin);
  const message = `Job ${job} is at work in the background. gemel job list ${instance} shows it, gemel job wait ${instance} ${job} waits for its end.`;
  show(context, options, { message, job }, (begun) => `${begun.message}\n`);
}
