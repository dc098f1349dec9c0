import { InvalidArgumentError, Option, type Command } from 'commander';
import { addRoleCommand } from './backup.ts';
import { command, connectInstance, show, showDone, withInstance, type Context, type JsonOption } from '../context.ts';
import { configurationText, mirrorText, whatIfText } from '../mirror-text.ts';
import { watchMonitor } from '../monitor.ts';
import { addDejournalCommands } from './mirror-dejournal.ts';
import { addFilterCommands } from './mirror-filter.ts';
import { addLostCommands } from './mirror-lost.ts';
import { addEditCommands } from './mirror-edit.ts';
import {
  addresses,
  mirrorSettings,
  virtualAddress,
  type AddressFlags,
  type MirrorSettingFlags,
  type VirtualAddressFlags,
} from './mirror-options.ts';
import { addOperatorCommands } from './mirror-operator.ts';
import { addCompareCommand } from './mirror-compare.ts';
import { addRebuildCommand } from './mirror-rebuild.ts';
import { milliseconds } from './milliseconds.ts';

interface CreateFlags extends JsonOption, AddressFlags, MirrorSettingFlags {
  readonly name: string;
  readonly arbiter?: string;
  readonly arbiterOnMemberHost?: boolean;
  readonly qos?: number;
}
interface JoinFlags extends JsonOption, AddressFlags, VirtualAddressFlags {
  readonly mirror: string;
  readonly as: 'failover' | 'dr' | 'reporting-ro' | 'reporting-rw';
  readonly agent: string;
  readonly via: string;
}
interface MonitorFlags extends JsonOption {
  readonly interval: number;
  readonly count?: number;
}

export function addMirrorCommands(program: Command, context: Context): void {
  const mirror = program.command('mirror').description('mirrors: exact copies of databases on several hosts');
  addMaking(mirror, context);
  addWatching(mirror, context);
  addOperatorCommands(mirror, context);
  addEditCommands(mirror, context);
  addDejournalCommands(mirror, context);
  addFilterCommands(mirror, context);
  addLostCommands(mirror, context);
  addRebuildCommand(mirror, context);
  addCompareCommand(mirror, context);
  addRoleCommand(mirror, context);
}

function addMaking(mirror: Command, context: Context): void {
  mirrorSettings(addresses(command(mirror, 'create <instance>', 'make a mirror with this instance as its first failover member')))
    .requiredOption('--name <mirror>', 'name of the mirror: 1 to 15 letters and digits')
    .option('--arbiter <host:port>', 'agent of a third host that decides between the members')
    .option('--arbiter-on-member-host', 'allow an arbiter on a member’s host: for tries on one computer only')
    .option('--qos <ms>', 'quality of service timeout (default 8000)', milliseconds)
    .action(async (instance: string, { json, arbiterOnMemberHost = false, qos, ...flags }: CreateFlags) => {
      const params = { ...flags, arbiterOnMemberHost, ...(qos === undefined ? {} : { qosMs: qos }) };
      showDone(context, { json: json === true }, await withInstance(context, instance, (client) => client.call('mirror.create', params)));
    });

  virtualAddress(
    addresses(command(mirror, 'join <instance>', 'make this instance the second failover member, or an async member, of a mirror')),
  )
    .requiredOption('--mirror <mirror>', 'name of the mirror')
    .addOption(
      new Option(
        '--as <role>',
        'what it becomes: the second failover member, for disaster recovery (every database, never asked to take over by itself), or for reporting (read-only, or read-write: its copies take updates there too)',
      )
        .choices(['failover', 'dr', 'reporting-ro', 'reporting-rw'])
        .makeOptionMandatory(),
    )
    .requiredOption('--agent <host:port>', 'agent on a failover member’s host')
    .requiredOption('--via <instance>', 'name of the instance that is that failover member')
    .action(async (instance: string, { json, ...params }: JoinFlags) => {
      showDone(context, { json: json === true }, await withInstance(context, instance, (client) => client.call('mirror.join', params)));
    });
}

function addWatching(mirror: Command, context: Context): void {
  command(mirror, 'status <instance>', 'members, arbiter and databases of the mirror, as this member sees them')
    .option('--mirror <mirror>', 'the mirror, when the instance is in several')
    .option('--what-if', 'instead, what would happen now if one or the other failed')
    .action(async (instance: string, { json, whatIf, ...params }: JsonOption & { mirror?: string; whatIf?: boolean }) => {
      if (whatIf === true)
        return show(
          context,
          { json: json === true },
          await withInstance(context, instance, (client) => client.call('mirror.whatIf', params)),
          whatIfText,
        );
      const status = await withInstance(context, instance, (client) => client.call('mirror.status', params));
      show(context, { json: json === true }, status, mirrorText);
    });

  command(mirror, 'settings <instance>', 'what is set for the mirror and its members, as this member has it')
    .option('--mirror <mirror>', 'the mirror, when the instance is in several')
    .action(async (instance: string, { json, ...params }: JsonOption & { mirror?: string }) => {
      const configuration = await withInstance(context, instance, (client) => client.call('mirror.configuration', params));
      show(context, { json: json === true }, configuration, configurationText);
    });

  command(mirror, 'monitor <instance>', 'the same, live, with rates and latencies; Ctrl-C ends it')
    .option('--interval <seconds>', 'shortest time between two pictures', seconds, 1)
    .option('--count <n>', 'end after so many pictures', wholeNumber)
    .action(async (instance: string, { json, interval, count }: MonitorFlags) => {
      const client = await connectInstance(context.home, instance);
      await watchMonitor(client, context.terminal, {
        json: json === true,
        intervalMs: interval * 1000,
        ...(count === undefined ? {} : { count }),
      });
    });
}

function seconds(text: string): number {
  const value = Number(text);
  if (!Number.isFinite(value) || value <= 0) throw new InvalidArgumentError('Give a number of seconds.');
  return value;
}

function wholeNumber(text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1) throw new InvalidArgumentError('Give a whole number.');
  return value;
}
