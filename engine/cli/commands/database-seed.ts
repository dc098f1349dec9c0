import type { Command } from 'commander';
import { SeedResult } from '../../api/seeding.ts';
import { command, show, withInstance, type Context, type JsonOption } from '../context.ts';
import { runJob } from '../jobs.ts';

interface SeedFlags extends JsonOption {
  readonly mirror?: string;
  readonly from?: string;
  readonly as?: string;
  readonly dir?: string;
  readonly overwrite?: boolean;
  readonly background?: boolean;
}

/** How the members of a mirror come by their copies, until that is over. Throws what a person has to do something about. */
export async function followed(context: Context, instance: string, options: JsonOption, job: string): Promise<SeedResult> {
  return SeedResult.parse(await runJob(context, instance, options, () => Promise.resolve({ job })));
}

/** `db seed`. */
export function addSeedCommand(db: Command, context: Context): void {
  command(
    db,
    'seed <instance> <names...>',
    'make copies of mirrored databases from another member’s: on a member that lacks them its own, on the primary those of all members that lack them',
  )
    .option('--from <member>', 'whose copy is taken (default: the primary’s, or that of one that has it)')
    .option('--as <name>', 'its name here (of one database only; default: as there)')
    .option('--dir <directory>', 'where to put it (of one database only; default: in the instance directory)')
    .option('--overwrite', 'replace the copy that is here')
    .option('--mirror <mirror>', 'the mirror, when the instance is in several')
    .option('--background', 'only begin it; gemel job list shows how far it is')
    .action(async (instance: string, names: string[], { json = false, background = false, dir, ...flags }: SeedFlags) => {
      const { mirror, from, as, overwrite = false } = flags;
      const params = { names, mirror, from, as, directory: dir, overwrite };
      if (background) {
        const { job } = await withInstance(context, instance, (client) => client.call('db.seed', params));
        const message = `Job ${job} is at work in the background. gemel job list ${instance} shows it, gemel job wait ${instance} ${job} waits for its end.`;
        return show(context, { json }, { message, job }, (begun) => `${begun.message}\n`);
      }
      const result = await runJob(context, instance, { json }, (client) => client.call('db.seed', params));
      show(context, { json }, SeedResult.parse(result), ({ message }) => `${message}\n`);
    });
}
