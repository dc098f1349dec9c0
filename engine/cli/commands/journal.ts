import type { Command } from 'commander';
import { command, show, withInstance, type Context, type JsonOption } from '../context.ts';

export function addJournalCommands(program: Command, context: Context): void {
  const journal = program.command('journal').description('journal files of a running instance');
  command(journal, 'switch <instance>', 'close the journal file in use and begin the next').action(
    async (instance: string, options: JsonOption) => {
      const result = await withInstance(context, instance, (client) => client.call('journal.switch', {}));
      show(context, options, result, ({ file }) => `The journal goes on in ${file}.\n`);
    },
  );
}
