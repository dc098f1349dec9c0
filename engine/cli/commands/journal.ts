import fs from 'node:fs';
import path from 'node:path';
import { InvalidArgumentError, type Command } from 'commander';
import { GemelError } from '../../api/errors.ts';
import { RestoredJournals, type JournalList } from '../../api/journals.ts';
import { findRegistered, instancePaths } from '../../instance/host.ts';
import { realFiles } from '../../io/index.ts';
import { filesOf, journalsIn, viewOfFile } from '../../journal/index.ts';
import { command, show, showDone, withInstance, type Context, type JsonOption } from '../context.ts';
import { runJob } from '../jobs.ts';
import { forecastText, journalListText, purgeText } from '../journal-text.ts';
import { addJournalReadCommands } from './journal-read.ts';

interface WhichFlags extends JsonOption {
  readonly mirror?: string;
  readonly local?: true;
}

interface RestoreFlags extends JsonOption {
  readonly from: string[];
  readonly source?: string;
  readonly to?: string;
  readonly global?: string;
}

interface PurgeFlags extends WhichFlags {
  readonly dryRun?: true;
  readonly olderThan?: number;
}

export function addJournalCommands(program: Command, context: Context): void {
  const journal = program.command('journal').description('journal files of an instance');

  of(command(journal, 'list <instance>', 'the journal files, why each is kept, and when the disk is full')).action(
    async (instance: string, { json, ...which }: WhichFlags) => {
      const list = await listed(context, instance, which);
      show(context, { json: json === true }, list, journalListText);
    },
  );
  command(journal, 'forecast <instance>', 'when the disk of the journal files is full at the present rate').action(
    async (instance: string, options: JsonOption) => {
      const { forecast } = await withInstance(context, instance, (client) => client.call('journal.list', {}));
      show(context, options, forecast, (known) => (known === null ? 'Nothing is known.\n' : forecastText(known)));
    },
  );
  addJournalReadCommands(journal, context);

  command(journal, 'switch <instance>', 'close the journal file in use and begin the next').action(
    async (instance: string, options: JsonOption) => {
      const result = await withInstance(context, instance, (client) => client.call('journal.switch', {}));
      show(context, options, result, ({ file }) => `The journal goes on in ${file}.\n`);
    },
  );
  of(command(journal, 'purge <instance>', 'remove journal files that nobody needs and that are old enough'))
    .option('--dry-run', 'only say what would go, and why the others stay')
    .option('--older-than <days>', 'for this once, instead of [Journal] DaysBeforePurge; what is needed stays all the same', days)
    .action(async (instance: string, { json, dryRun, olderThan, mirror, local }: PurgeFlags) => {
      const result = await withInstance(context, instance, (client) =>
        client.call('journal.purge', {
          ...(mirror === undefined ? {} : { mirror }),
          local: local === true,
          dryRun: dryRun === true,
          ...(olderThan === undefined ? {} : { olderThanDays: olderThan }),
        }),
      );
      show(context, { json: json === true }, result, purgeText);
    });
  command(journal, 'restore <instance> <database>', 'apply journal files to an unmirrored database, up to a point in time')
    .requiredOption('--from <file...>', 'journal files on the instance’s host: paths, or names in its journal directory')
    .option(
      '--source <name>',
      'what the journal calls the database: its mirror database name, or its directory (default: the database’s own)',
    )
    .option('--to <point>', 'a time, or FILE:OFFSET (default: everything)')
    .option('--global <reference>', 'only this node and everything below it, such as ^X(1)')
    .action(async (instance: string, database: string, { json, from, ...rest }: RestoreFlags) => {
      const files = from.map((file) => (fs.existsSync(file) ? path.resolve(file) : file));
      const result = await runJob(context, instance, { json: json === true }, (client) =>
        client.call('journal.restore', { database, files, ...rest }),
      );
      showDone(context, { json: json === true }, RestoredJournals.parse(result));
    });
  command(journal, 'sync <instance>', 'wait until everything recorded so far is durable').action(
    async (instance: string, options: JsonOption) => {
      const result = await withInstance(context, instance, (client) => client.call('journal.sync', {}));
      show(context, options, result, ({ journals }) =>
        journals
          .map(
            ({ mirror, position }) =>
              `${mirror === null ? 'The local journal' : `The journal of ${mirror}`} is durable up to ${position.file}:${position.offset}.\n`,
          )
          .join(''),
      );
    },
  );
}

function of(made: Command): Command {
  return made.option('--mirror <mirror>', 'of the journal of this mirror').option('--local', 'of the local journal');
}

function days(text: string): number {
  const value = Number(text);
  if (!(value >= 0)) throw new InvalidArgumentError('Give a number of days.');
  return value;
}

/** From the instance; of one that is down the files alone. */
async function listed(context: Context, instance: string, { mirror, local }: Omit<WhichFlags, 'json'>): Promise<JournalList> {
  try {
    return await withInstance(context, instance, (client) =>
      client.call('journal.list', { ...(mirror === undefined ? {} : { mirror }), local: local === true }),
    );
  } catch (error) {
    if (!(error instanceof GemelError) || error.code !== 'NOT_RUNNING') throw error;
    const directory = instancePaths(findRegistered(context.home, instance).directory).journal;
    const names = journalsIn(realFiles, directory).filter((name) =>
      mirror === undefined ? local !== true || name === null : name === mirror.toUpperCase(),
    );
    const journals = names.map((name) => ({
      mirror: name,
      directory,
      files: filesOf(realFiles, directory, name).map((file) => ({ ...viewOfFile(realFiles, file), purgeable: null, kept: [] })),
    }));
    return { journals, forecast: null };
  }
}
