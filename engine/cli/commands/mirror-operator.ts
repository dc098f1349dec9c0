import type { Command } from 'commander';
import type { CompressionParams } from '../../api/compression.ts';
import { GemelError } from '../../api/errors.ts';
import { command, showDone, withInstance, type Context, type JsonOption } from '../context.ts';
import { forceText } from '../mirror-text.ts';
import { agreed } from './agreed.ts';
import { compression } from './compression.ts';
import { milliseconds } from './milliseconds.ts';
import { changeType, typeOptions, type TypeFlags } from './mirror-type.ts';

interface YesOption extends JsonOption {
  readonly yes?: boolean;
}
interface EditFlags extends TypeFlags, CompressionParams {
  readonly arbiter?: string;
  readonly arbiterOnMemberHost?: boolean;
  readonly qos?: number;
}

/** What an operator does to a mirror that works, or does not. */
export function addOperatorCommands(mirror: Command, context: Context): void {
  addSwitches(mirror, context);
  addForce(mirror, context);
  addResume(mirror, context);
  addEdit(mirror, context);
}

function addSwitches(mirror: Command, context: Context): void {
  const simple = [
    ['set-nofailover', 'mirror.setNoFailover', 'the backup is not to take over, whatever happens, until this is cleared'],
    ['clear-nofailover', 'mirror.clearNoFailover', 'the backup may take over again'],
    ['switch-over', 'mirror.switchOver', 'on the primary: hand over to the backup and go on as its backup'],
    ['try-primary', 'mirror.tryPrimary', 'ask once more, now, for the right to be primary'],
  ] as const;
  for (const [name, method, description] of simple) {
    command(mirror, `${name} <instance>`, description).action(async (instance: string, options: JsonOption) => {
      showDone(context, options, await withInstance(context, instance, (client) => client.call(method, {})));
    });
  }
  const ofMirror = [
    ['stop', 'mirror.stop', 'stop mirroring on this member; it stays stopped when the instance restarts'],
    ['start', 'mirror.start', 'start mirroring on this member again'],
    ['promote', 'mirror.promote', 'on a disaster recovery async: become the backup of the operating primary; the backup becomes an async'],
    ['demote', 'mirror.demote', 'on the backup, or on the primary of the backup: it becomes a disaster recovery async'],
  ] as const;
  for (const [name, method, description] of ofMirror) {
    command(mirror, `${name} <instance>`, description)
      .option('--mirror <mirror>', 'the mirror, when the instance is in several')
      .action(async (instance: string, { json, ...params }: JsonOption & { mirror?: string }) => {
        showDone(context, { json: json === true }, await withInstance(context, instance, (client) => client.call(method, params)));
      });
  }
}

function addForce(mirror: Command, context: Context): void {
  command(mirror, 'force-primary <instance>', 'make this member primary when it cannot become it by itself; says first what may be lost')
    .option('--yes', 'do it: you are certain that the former primary is down and stays down')
    .action(async (instance: string, { yes = false, ...options }: YesOption) => {
      const force = async (confirmed: boolean): Promise<{ message: string }> => {
        const timer = setTimeout(() => options.json !== true && context.terminal.out(FORCING), FORCING_MS);
        try {
          return await withInstance(context, instance, (client) => client.call('mirror.forcePrimary', { confirmed }));
        } finally {
          clearTimeout(timer);
        }
      };
      try {
        return showDone(context, options, await force(yes));
      } catch (error) {
        if (!isForceQuestion(error)) throw error;
        if (options.json !== true) context.terminal.out(forceText(error.condition.facts));
        if (options.json === true || !(await agreed(context, ['Do you want to continue?']))) throw error;
      }
      showDone(context, options, await force(true));
    });
}

/** What takes longer than this is explained while it lasts. */
const FORCING_MS = 2000;
const FORCING = 'For 60 s this member first tries to become primary in the ordinary way, which loses nothing.\n';

/** The refusal that only asks for the operator's word. */
function isForceQuestion(error: unknown): error is GemelError & { condition: NonNullable<GemelError['condition']> } {
  return error instanceof GemelError && error.condition?.code === 'FORCE_NOT_CONFIRMED';
}

function addResume(mirror: Command, context: Context): void {
  command(
    mirror,
    'resume-primary <instance>',
    'let a primary in trouble without end work on, when the other member is certain not to take over',
  )
    .option('--yes', 'all three: the other failover member is down; it never became primary; it has no newer mirror journal file')
    .action(async (instance: string, { yes = false, ...options }: YesOption) => {
      const confirmed = yes || (options.json !== true && (await agreed(context, resumeQuestions)));
      const params = { otherIsDown: confirmed, otherNeverBecamePrimary: confirmed, otherHasNoNewerJournalFile: confirmed };
      showDone(context, options, await withInstance(context, instance, (client) => client.call('mirror.resumePrimary', params)));
    });
}

const resumeQuestions = [
  'Is the other failover member down?',
  'Are you certain that it never became primary since this one lost it?',
  'Are you certain that it made no mirror journal file later than the newest one here?',
];

function addEdit(mirror: Command, context: Context): void {
  const text = 'on the primary: change arbiter, QoS timeout or compression of the mirror while it works; on an async: its type';
  typeOptions(compression(command(mirror, 'edit <instance>', text)))
    .option('--arbiter <host:port>', 'agent of a third host that decides between the members; none: work without')
    .option('--arbiter-on-member-host', 'allow an arbiter on a member’s host: for tries on one computer only')
    .option('--qos <ms>', 'quality of service timeout', milliseconds)
    .action(async (instance: string, { json, arbiter, arbiterOnMemberHost, qos, ...flags }: EditFlags) => {
      const { as, mirror: ofMirror, clearFailoverdb, keepFailoverdb, ...compressed } = flags;
      if (as !== undefined) return changeType(context, instance, { ...flags, as, ...(json === undefined ? {} : { json }) });
      const params = {
        ...compressed,
        ...(arbiter === undefined ? {} : { arbiter: arbiter === 'none' ? null : arbiter }),
        ...(arbiterOnMemberHost === undefined ? {} : { arbiterOnMemberHost }),
        ...(qos === undefined ? {} : { qosMs: qos }),
      };
      showDone(context, { json: json === true }, await withInstance(context, instance, (client) => client.call('mirror.edit', params)));
    });
}
