import type { Command } from 'commander';
import { Comparison, type DatabaseComparison } from '../../api/compare.ts';
import { GemelError } from '../../api/errors.ts';
import { command, show, type Context, type JsonOption } from '../context.ts';
import { runJob } from '../jobs.ts';
import { table } from '../output.ts';

interface CompareFlags extends JsonOption {
  readonly with?: string;
  readonly mirror?: string;
  readonly database?: string[];
  readonly repair?: boolean;
}

export function addCompareCommand(mirror: Command, context: Context): void {
  command(mirror, 'compare <instance>', 'compare this member’s databases with another member’s, while both work on')
    .option('--with <member>', 'the other one (default: the primary; on the primary: the backup)')
    .option('--database <name...>', 'names in the mirror (default: all)')
    .option('--repair', 'make what differs here as it is on the primary')
    .option('--mirror <mirror>', 'the mirror, when the instance is in several')
    .action(async (instance: string, { json = false, with: other, mirror: name, database, repair = false }: CompareFlags) => {
      const params = { with: other, mirror: name, databases: database, repair };
      const result = await runJob(context, instance, { json }, (client) => client.call('mirror.compare', params));
      const comparison = Comparison.parse(result);
      show(context, { json }, comparison, comparisonText);
      requireSame(comparison);
    });
}

/** What was found and not repaired is a failure: scripts depend on it. */
function requireSame({ databases, with: other }: Comparison): void {
  const skipped = databases.filter((each) => each.skipped !== null).map((each) => each.database);
  const different = databases.filter((each) => each.different > each.repaired).map((each) => each.database);
  if (different.length > 0)
    throw new GemelError(
      'DAMAGED',
      `Not the same as on ${other}: ${different.join(', ')}.`,
      'Nothing was changed.',
      'See what differs above, find out why, and then add --repair, on a member that is not primary.',
    );
  if (skipped.length > 0) throw new GemelError('REFUSED', `Not compared: ${skipped.join(', ')}.`, 'Nothing was changed.', 'See why above.');
}

function comparisonText({ databases, with: other }: Comparison): string {
  const rows = databases.map((each) => [each.database, verdict(each), each.nodes, each.different, each.repaired]);
  const found = databases.flatMap(({ database, ranges }) =>
    ranges.map(({ kind, from, to, nodes }) => [database, wording[kind], from, nodes === 1 ? '' : to, nodes]),
  );
  const text = table(['DATABASE', `COMPARED WITH ${other}`, 'NODES', 'DIFFERENT', 'REPAIRED'], rows, 'The mirror has no databases.');
  return found.length === 0 ? text : `${text}\n${table(['DATABASE', 'WHAT DIFFERS', 'FROM', 'TO', 'NODES'], found)}`;
}

const wording = { missing: 'missing', surplus: 'should not be', value: 'another value' };

function verdict({ skipped, different, repaired }: DatabaseComparison): string {
  if (skipped !== null) return `not compared: ${skipped}`;
  if (different === 0) return 'the same';
  return repaired === different ? 'repaired' : 'not the same';
}
