import type { Command } from 'commander';
import { GemelError } from '../../api/errors.ts';
import { command, show, withInstance, type Context, type InstanceClient, type JsonOption } from '../context.ts';
import { eachPage } from '../lost/pages.ts';
import { Replay, type ReplayOutcome } from '../lost/replay.ts';
import { LostUnits } from '../lost/units.ts';
import { table } from '../output.ts';
import { RespClient } from '../resp-client.ts';

interface ReplayFlags extends JsonOption {
  readonly mirror?: string;
  readonly transaction?: readonly string[];
  readonly all?: boolean;
  readonly yes?: boolean;
  readonly evenIfChanged?: boolean;
}

export function addReplayCommand(lost: Command, context: Context): void {
  command(
    lost,
    'replay <instance> <report>',
    'carry out chosen lost transactions on the primary; without --yes only say what would be done',
  )
    .option('--transaction <id...>', 'transactions (T...) and updates by themselves (U...), as mirror lost show names them')
    .option('--all', 'everything that was committed')
    .option('--yes', 'do it')
    .option('--even-if-changed', 'also where a node is no longer what it was then')
    .option('--mirror <mirror>', 'the mirror, when the instance is in several')
    .action(async (instance: string, report: string, { json, ...flags }: ReplayFlags) => {
      if ((flags.transaction === undefined) === (flags.all !== true))
        throw new GemelError(
          'USAGE',
          'It was not said what is to be replayed.',
          'Nothing was changed.',
          'Give --transaction ID... or --all.',
        );
      const outcomes = await withInstance(context, instance, (client) => replayed(client, report, flags));
      show(context, { json: json === true }, outcomes, (all) => outcomesText(all, flags.yes === true));
      const left = outcomes.filter(({ outcome }) => outcome === 'changed since').length;
      if (left > 0)
        throw new GemelError(
          'REFUSED',
          `${left} of ${outcomes.length} were not replayed: nodes that they change have changed since.`,
          'Nothing of those was written.',
          'Look at each of them; --even-if-changed writes over what is there now.',
        );
    });
}

async function replayed(client: InstanceClient, report: string, flags: ReplayFlags): Promise<ReplayOutcome[]> {
  const { mirror, members } = await client.call('mirror.status', of(flags));
  const primary = members.find(({ status }) => status === 'Primary');
  if (primary === undefined)
    throw new GemelError('REFUSED', 'This member knows no operating primary now.', 'Nothing was changed.', 'Try again when there is one.');
  const units = new LostUnits(mirror, flags.all === true ? null : (flags.transaction ?? []));
  await eachPage(client, of(flags), report, ({ updates }) => {
    for (const update of updates) units.add(update);
  });
  const missing = units.missing();
  if (missing.length > 0)
    throw new GemelError(
      'NOT_FOUND',
      `The report has no ${missing.join(', ')}.`,
      'Nothing was changed.',
      'gemel mirror lost show names what it has.',
    );
  const at = primary.superserverAddress.lastIndexOf(':');
  const host = primary.superserverAddress.slice(0, at).replace(/^\[|\]$/g, '');
  const connection = await RespClient.connect(host, Number(primary.superserverAddress.slice(at + 1)), 'latin1');
  try {
    const replay = new Replay({ client: connection, confirmed: flags.yes === true, evenIfChanged: flags.evenIfChanged === true });
    const outcomes: ReplayOutcome[] = [];
    for (const unit of units.all()) outcomes.push(await replay.unit(unit));
    return outcomes;
  } finally {
    connection.close();
  }
}

function of({ mirror }: ReplayFlags): { mirror?: string } {
  return mirror === undefined ? {} : { mirror };
}

function outcomesText(outcomes: readonly ReplayOutcome[], confirmed: boolean): string {
  const rows = outcomes.map(({ id, nodes, outcome, changed }) => [
    id,
    nodes,
    outcome,
    changed
      .map(({ reference }) => reference)
      .join(' ')
      .slice(0, 80),
  ]);
  const note = confirmed ? '' : '\nNothing was changed. To do it: the same with --yes.\n';
  return table(['Of', 'Nodes', 'Outcome', 'Changed since'], rows, 'The report has nothing that could be replayed.') + note;
}
