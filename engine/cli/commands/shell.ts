import type { Command } from 'commander';
import { GemelError } from '../../api/errors.ts';
import { checkInstanceDirectory, findRegistered, isEverywhere } from '../../instance/host.ts';
import { ShellFailure } from '../output.ts';
import { command, withInstance, type Context, type JsonOption } from '../context.ts';
import { converse, Shell, type ShellOptions, type Shown } from '../shell/shell.ts';

interface ShellFlags extends JsonOption {
  readonly namespace: string;
  readonly command?: string;
}

export function addShellCommand(program: Command, context: Context): void {
  command(program, 'shell <instance>', 'read and change globals: Set, Kill, Write, ZWrite, Merge, Lock, TStart, TCommit, TRollback, ZN')
    .option('--namespace <name>', 'namespace to begin in', 'USER')
    .option('-c, --command <commands>', 'run these commands and end; exit code 1 if one fails')
    .action(async (instance: string, { namespace, command: commands, json }: ShellFlags) => {
      const options = { ...(await superserverOf(context, instance)), namespace };
      if (commands !== undefined) return runOnce(context, options, commands, json === true);
      if (json === true) throw new GemelError('USAGE', 'With --json the commands are given with -c.');
      return talk(context, options);
    });
}

async function superserverOf(context: Context, name: string): Promise<{ host: string; port: number }> {
  const { ListenAddress } = checkInstanceDirectory(findRegistered(context.home, name).directory).settings.Startup;
  const { superserverPort } = await withInstance(context, name, (client) => client.call('instance.status', {}));
  return { host: isEverywhere(ListenAddress) ? '127.0.0.1' : ListenAddress, port: superserverPort };
}

async function runOnce({ terminal }: Context, options: ShellOptions, commands: string, json: boolean): Promise<void> {
  let output = '';
  const shell = await Shell.open(options, (text) => (json ? (output += text) : terminal.out(text)));
  try {
    const error = await runLines(shell, commands);
    if (json) terminal.out(`${JSON.stringify({ output, error: error ?? null })}\n`);
    if (error !== undefined) throw new ShellFailure(error);
  } finally {
    shell.close();
  }
}

async function runLines(shell: Shell, commands: string): Promise<Shown | undefined> {
  for (const line of commands.split('\n')) {
    const { ended, error } = await shell.run(line);
    if (error !== undefined || ended) return error;
  }
  return undefined;
}

async function talk({ terminal }: Context, options: ShellOptions): Promise<void> {
  const shell = await Shell.open(options, (text) => terminal.out(text));
  try {
    const good = await converse(shell, process.stdin, process.stdout, terminal.interactive && process.stdin.isTTY === true);
    if (!good && process.stdin.isTTY !== true) throw new GemelError('REFUSED', 'At least one line failed.');
  } finally {
    shell.close();
  }
}
