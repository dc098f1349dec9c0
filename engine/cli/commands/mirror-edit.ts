import { createInterface } from 'node:readline/promises';
import { InvalidArgumentError, Option, type Command } from 'commander';
import { GemelError } from '../../api/errors.ts';
import { command, showDone, withInstance, type Context, type JsonOption } from '../context.ts';
import { addresses, mirrorSettings, type AddressFlags, type MirrorSettingFlags } from './mirror-options.ts';
import { milliseconds } from './milliseconds.ts';
import { changeType, typeOptions, type TypeFlags } from './mirror-type.ts';

interface EditFlags extends TypeFlags, AddressFlags, MirrorSettingFlags {
  readonly arbiter?: string;
  readonly arbiterOnMemberHost?: boolean;
  readonly qos?: number;
  readonly superserverPort?: number;
}
interface RemoveFlags extends JsonOption {
  readonly mirror?: string;
  readonly keepMirrored?: boolean;
  readonly unmirror?: boolean;
}
type Databases = 'keep' | 'unmirror';

/** Editing a mirror and its members, and removing them. */
export function addEditCommands(mirror: Command, context: Context): void {
  addEdit(mirror, context);
  addRemoveMember(mirror, context);
  addRemove(mirror, context);
}

function addEdit(mirror: Command, context: Context): void {
  const edit = command(
    mirror,
    'edit <instance>',
    'one of four: settings of the mirror (on the primary); addresses of a --member (on the primary, or, where no primary is followed, for this member alone); the own --superserver-port; on an async, its type (--as)',
  )
    .option('--mirror <mirror>', 'the mirror, when the instance is in several')
    .option('--arbiter <host:port>', 'agent of a third host that decides between the members; none: work without')
    .option('--arbiter-on-member-host', 'allow an arbiter on a member’s host: for tries on one computer only')
    .option('--qos <ms>', 'quality of service timeout', milliseconds);
  addresses(typeOptions(mirrorSettings(edit)), 'the member whose addresses are changed')
    .option('--superserver-port <n>', 'on this member: its superserver listens there from now on, and the others are told', port)
    .action(async (instance: string, given: EditFlags) => {
      const { json, arbiter, qos, vip, as, clearFailoverdb, keepFailoverdb, ...flags } = given;
      if (as !== undefined) return changeType(context, instance, { ...onlyType(given), as });
      if (clearFailoverdb === true || keepFailoverdb === true) throw typeAlone();
      const params = {
        ...flags,
        ...(arbiter === undefined ? {} : { arbiter: arbiter === 'none' ? null : arbiter }),
        ...(qos === undefined ? {} : { qosMs: qos }),
        ...(vip === undefined ? {} : { vip: vip === 'none' ? null : vip }),
      };
      showDone(context, { json: json === true }, await withInstance(context, instance, (client) => client.call('mirror.edit', params)));
    });
}

/** The flags of a change of type, which goes with nothing else. */
function onlyType({ json, as, mirror, clearFailoverdb, keepFailoverdb, ...others }: EditFlags): TypeFlags {
  if (Object.keys(others).length > 0) throw typeAlone();
  return { json, as, mirror, clearFailoverdb, keepFailoverdb };
}

function typeAlone(): GemelError {
  return new GemelError(
    'USAGE',
    'The type of an async is changed by --as, with --clear-failoverdb or --keep-failoverdb and nothing else.',
    'Nothing was changed.',
    'Give several commands.',
  );
}

function addRemoveMember(mirror: Command, context: Context): void {
  command(mirror, 'remove-member <instance> <member>', 'on the primary: take another member out of the mirror; on the backup: an async')
    .option('--mirror <mirror>', 'the mirror, when the instance is in several')
    .action(async (instance: string, member: string, { json, ...flags }: JsonOption & { mirror?: string }) => {
      const params = { ...flags, member };
      showDone(
        context,
        { json: json === true },
        await withInstance(context, instance, (client) => client.call('mirror.removeMember', params)),
      );
    });
}

function addRemove(mirror: Command, context: Context): void {
  command(
    mirror,
    'remove <instance>',
    'take this instance out of its mirror: asyncs first, then the backup, the primary last, which ends the mirror',
  )
    .option('--mirror <mirror>', 'the mirror, when the instance is in several')
    .addOption(new Option('--keep-mirrored', 'its databases stay mirrored and read-only, for when it joins again').conflicts('unmirror'))
    .addOption(new Option('--unmirror', 'its databases become ordinary ones, for good'))
    .action(async (instance: string, { json, keepMirrored, unmirror, ...flags }: RemoveFlags) => {
      const chosen = keepMirrored === true ? 'keep' : unmirror === true ? 'unmirror' : null;
      const databases = chosen ?? (json === true ? null : await askedFor(context));
      if (databases === null) throw noChoice();
      const params = { ...flags, databases };
      showDone(context, { json: json === true }, await withInstance(context, instance, (client) => client.call('mirror.remove', params)));
    });
}

function noChoice(): GemelError {
  return new GemelError(
    'USAGE',
    'What is to become of the mirrored databases of this instance?',
    'Nothing was changed.',
    'Give --keep-mirrored (they stay read-only, for when it joins again) or --unmirror (they become ordinary databases, for good).',
  );
}

/** Asks the person at the terminal; null: there is none, or no answer that can be understood. */
async function askedFor({ terminal }: Context): Promise<Databases | null> {
  if (!terminal.interactive || !process.stdin.isTTY) return null;
  const lines = createInterface({ input: process.stdin, output: process.stdout });
  try {
    const answer = await lines.question(
      'Remove the mirrored attribute from this instance’s databases of the mirror?\n' +
        '  no: they stay read-only, and come back when it joins the same mirror again\n' +
        '  yes: they become ordinary databases, for good\n(yes/no) ',
    );
    if (/^y(es)?$/i.test(answer.trim())) return 'unmirror';
    return /^no?$/i.test(answer.trim()) ? 'keep' : null;
  } finally {
    lines.close();
  }
}

function port(text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1 || value > 65535) throw new InvalidArgumentError('A port is a number from 1 to 65535.');
  return value;
}
