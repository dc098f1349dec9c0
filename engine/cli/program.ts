import { Command, CommanderError } from 'commander';
import { GemelError } from '../api/errors.ts';
import { VERSION } from '../api/version.ts';
import { addAgentCommands } from './commands/agent.ts';
import { addBenchCommands } from './commands/bench.ts';
import { addDatabaseCommands } from './commands/database.ts';
import { addDemoCommand } from './commands/demo.ts';
import { addInstanceCommands } from './commands/instance.ts';
import { addInventoryCommands } from './commands/inventory.ts';
import { addJobCommands } from './commands/job.ts';
import { addJournalCommands } from './commands/journal.ts';
import { addMirrorCommands } from './commands/mirror.ts';
import { addShellCommand } from './commands/shell.ts';
import type { Context } from './context.ts';
import { errorJson, errorLine } from './output.ts';

/** Exit codes of every command. */
const EXIT = { done: 0, failed: 1, usage: 2 } as const;

/** Runs one command line (without node and script). Returns the exit code; never throws. */
export async function runCommand(args: readonly string[], context: Context): Promise<number> {
  try {
    await buildProgram(context).parseAsync([...args], { from: 'user' });
    return EXIT.done;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.done : EXIT.usage;
    context.terminal.err(errorLine(error));
    if (error instanceof GemelError && args.includes('--json')) context.terminal.out(errorJson(error));
    if (!(error instanceof GemelError) && error instanceof Error && process.env['GEMEL_DEBUG'] !== undefined)
      context.terminal.err(`${error.stack ?? ''}\n`);
    return error instanceof GemelError && error.code === 'USAGE' ? EXIT.usage : EXIT.failed;
  }
}

function buildProgram(context: Context): Command {
  const { terminal } = context;
  const program = new Command('gemel')
    .description('Database mirroring: exact copies on independent machines, and automatic failover.')
    .version(`gemel ${VERSION}`, '--version', 'print the version')
    .helpOption('--help', 'show help')
    .showSuggestionAfterError()
    .addHelpText(
      'after',
      '\nGEMEL_HOME is the root of this host (default ~/.gemel). Exit codes: 0 done, 1 refused or failed, 2 wrong usage.',
    );
  addInstanceCommands(program, context);
  addAgentCommands(program, context);
  addDatabaseCommands(program, context);
  addMirrorCommands(program, context);
  addJournalCommands(program, context);
  addJobCommands(program, context);
  addShellCommand(program, context);
  addInventoryCommands(program, context);
  addDemoCommand(program, context);
  addBenchCommands(program, context);
  for (const each of withSubcommands(program)) {
    each
      .exitOverride()
      .helpCommand(each === program)
      .helpOption('--help', 'show help')
      .configureOutput({
        writeOut: (text) => terminal.out(text),
        // A group without its subcommand is answered with its help, which is no error line.
        writeErr: (text) => terminal.err(text.startsWith('error:') ? `gemel: ${sentence(text)}\n` : text),
      });
  }
  return program;
}

function withSubcommands(command: Command): Command[] {
  return [command, ...command.commands.flatMap((each) => withSubcommands(each))];
}

/** One line with capital and full stop out of what commander says. */
function sentence(text: string): string {
  const line = text
    .replace(/^error:\s*/, '')
    .trim()
    .replaceAll(/\s*\n\s*/g, ' ');
  return `${line.charAt(0).toUpperCase()}${line.slice(1)}`.replace(/([^.?!)])$/, '$1.');
}
