import { z } from 'zod';
import { BackupResult, RestoredDatabase } from '../../../engine/api/backup.ts';
import { Comparison, type DatabaseComparison } from '../../../engine/api/compare.ts';
import { GemelError } from '../../../engine/api/errors.ts';
import type { StepContext } from '../../jobs/index.ts';
import { named, size } from './targets.ts';

/** What results of instances' jobs say, in lines of a step's log. */

export function tellBackup(result: unknown, { log }: StepContext): void {
  const { file, fileBytes, bytes, head, undone, digest } = BackupResult.parse(result);
  for (const { name, position } of head.databases)
    log(position === null ? `${name}: it is empty` : `${name}: up to ${position.file}:${position.offset} of the journal`);
  if (undone > 0) log(`${undone} changes of transactions that were open are taken back at a restore.`);
  log(`${file}: ${size(fileBytes)} for ${size(bytes)} of databases. SHA-256 ${digest}`);
}

const becomes: Record<RestoredDatabase['as'], string> = {
  dejournaled: 'it is brought up to date from its mirror’s journal',
  retained: 'it still has the attribute of its mirror, and is read-only until that is removed',
  ordinary: 'it is as it was at the time of the backup',
};

export function tellRestored(result: unknown, { log }: StepContext): void {
  for (const { name, directory, as, behind } of z.array(RestoredDatabase).parse(result))
    log(`${name} in ${directory}: ${behind === null ? becomes[as] : `it cannot be brought up to date now. ${behind}`}`);
}

const RANGES_TOLD = 20;
const wording = { missing: 'missing', surplus: 'should not be', value: 'another value' };

/** @throws GemelError DAMAGED when copies differ and were not repaired, REFUSED when one could not be compared */
export function tellComparison(result: unknown, { log }: StepContext): void {
  const { databases, with: other } = Comparison.parse(result);
  if (databases.length === 0) log('The mirror has no databases.');
  for (const each of databases) {
    log(`${each.database}: ${verdict(each, other)}`);
    for (const { kind, from, to, nodes } of each.ranges.slice(0, RANGES_TOLD))
      log(nodes === 1 ? `  ${wording[kind]}: ${from}` : `  ${wording[kind]}: ${from} to ${to}, ${nodes} nodes`);
    if (each.ranges.length > RANGES_TOLD) log(`  and ${each.ranges.length - RANGES_TOLD} more places`);
  }
  const different = databases.filter((each) => each.different > each.repaired).map(({ database }) => database);
  if (different.length > 0)
    throw new GemelError(
      'DAMAGED',
      `Not the same as on ${other}: ${named(different)}.`,
      'Nothing was changed.',
      'See in the report what differs, find out why, and then compare with repair, on a member that is not primary.',
    );
  const skipped = databases.filter((each) => each.skipped !== null);
  if (skipped.length > 0)
    throw new GemelError(
      'REFUSED',
      `Not compared: ${named(skipped.map(({ database }) => database))}.`,
      'Nothing was changed.',
      'The report says why.',
    );
}

function verdict({ skipped, nodes, different, repaired }: DatabaseComparison, other: string): string {
  if (skipped !== null) return `not compared: ${skipped}`;
  if (different === 0) return `the same as on ${other}, ${nodes} nodes`;
  return `${different} of ${nodes} nodes differ from ${other}${repaired === 0 ? '' : `, ${repaired} repaired`}`;
}
