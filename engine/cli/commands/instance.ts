import { InvalidArgumentError, type Command } from 'commander';
import type { InstanceStatus } from '../../api/status.ts';
import {
  createInstance,
  deleteInstance,
  findRegistered,
  instanceStatus,
  inventory,
  isLoopback,
  startInstance,
  stopInstance,
} from '../../instance/host.ts';
import { command, show, showDone, type Context, type JsonOption } from '../context.ts';
import { fields, table } from '../output.ts';

interface CreateFlags extends JsonOption {
  readonly dir?: string;
  readonly superserverPort?: number;
  readonly webPort?: number;
  readonly listen?: string;
}

interface StartFlags extends JsonOption {
  readonly superserverPort?: number;
  readonly webPort?: number;
}

interface StopFlags extends JsonOption {
  readonly nofailover?: boolean;
  readonly force?: boolean;
  readonly restart?: boolean;
}

export function addInstanceCommands(program: Command, context: Context): void {
  const { home } = context;
  const instance = program.command('instance').description('database instances of this host');

  command(instance, 'create <name>', 'make an instance with the namespace USER')
    .option('--dir <directory>', 'where to put it (default: below GEMEL_HOME)')
    .option('--superserver-port <port>', 'port for clients (default: the first free one from 1972)', portNumber)
    .option('--web-port <port>', 'port for metrics and health (default: the first free one from 52773)', portNumber)
    .option('--listen <address>', 'address of this host to listen on, for members on other hosts (default 127.0.0.1)')
    .action(async (name: string, { dir, superserverPort, webPort, listen, ...options }: CreateFlags) => {
      const made = await createInstance(home, { name, directory: dir, superserverPort, webPort, listen });
      show(context, options, made, (i) => createdText(i, listen));
    });

  command(instance, 'start <name>', 'start an instance and wait until it answers')
    .option('--superserver-port <port>', 'from now on this port for clients', portNumber)
    .option('--web-port <port>', 'from now on this port for metrics and health', portNumber)
    .action(async (name: string, { json, ...ports }: StartFlags) => {
      show(
        context,
        { json: json === true },
        await startInstance(home, name, ports),
        (i) => `Instance ${i.name} is running as process ${i.pid}, superserver port ${i.superserverPort}.\n`,
      );
    });

  command(instance, 'stop <name>', 'stop an instance; a primary hands over to its backup')
    .option('--nofailover', 'the backup is not to take over')
    .option('--force', 'kill the process instead of asking it')
    .option('--restart', 'start it again afterwards')
    .action(async (name: string, { json, ...options }: StopFlags) => {
      const after = await stopInstance(home, name, options);
      show(context, { json: json === true }, after, (i) =>
        i.state === 'running' ? `Instance ${i.name} was restarted as process ${i.pid}.\n` : `Instance ${i.name} is ${i.state}.\n`,
      );
    });

  command(instance, 'list', 'all instances of this host').action(async (options: JsonOption) => {
    show(context, options, await inventory(home), instanceTable);
  });

  command(instance, 'status <name>', 'how one instance is').action(async (name: string, options: JsonOption) => {
    show(context, options, await instanceStatus(findRegistered(home, name)), instanceText);
  });

  command(instance, 'delete <name>', 'delete a stopped instance with its directory and all its data').action(
    (name: string, options: JsonOption) => {
      showDone(context, options, deleteInstance(home, name));
    },
  );
}

function createdText({ name, directory, superserverPort }: InstanceStatus, listen: string | undefined): string {
  const open = listen === undefined || listen === 'localhost' || isLoopback(listen);
  return [
    `Instance ${name} was created in ${directory}, superserver port ${superserverPort}.`,
    ...(open
      ? []
      : [
          `It will listen on ${listen} for other mirror members; clients are let in from this computer only, since users and passwords do not exist yet.`,
        ]),
    `Start it: gemel instance start ${name}\n`,
  ].join('\n');
}

function instanceTable(all: InstanceStatus[]): string {
  const rows = all.map((i) => [i.name, i.state, i.pid, i.superserverPort, i.webPort, mirrorsText(i), i.problem ?? i.directory]);
  return table(
    ['NAME', 'STATE', 'PID', 'PORT', 'WEB', 'MIRROR', 'DIRECTORY'],
    rows,
    'This host has no instances. Make one: gemel instance create NAME',
  );
}

function instanceText(i: InstanceStatus): string {
  const problem: [string, string][] = i.problem === undefined ? [] : [['Problem', i.problem]];
  return fields([
    ['Instance', i.name],
    ['State', i.state],
    ['Process', i.pid],
    ['Directory', i.directory],
    ['Version', i.version],
    ['Superserver port', i.superserverPort],
    ['Web port', i.webPort],
    ['Mirror', mirrorsText(i)],
    ...problem,
  ]);
}

function mirrorsText({ mirrors }: InstanceStatus): string {
  return mirrors.length === 0 ? '-' : mirrors.map((m) => `${m.mirror} ${m.status}`).join(', ');
}

/** A port on the command line; 0 takes any free one. */
export function portNumber(text: string): number {
  const port = Number(text);
  if (!/^\d+$/.test(text) || port > 65535) throw new InvalidArgumentError('A port is a number from 0 to 65535.');
  return port;
}
