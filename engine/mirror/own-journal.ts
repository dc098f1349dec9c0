import { GemelError } from '../api/errors.ts';
import { compareEpochs, type Durable, type Epoch } from './failover/index.ts';

/**
 * Throws DAMAGED when a journal lacks the epoch that its member wrote as primary, although no later primary is known that could
 * have parted from it: its disk is not mounted, or its files are gone. Taken as it is, it would make everybody believe that
 * what it held was never there.
 * @param newest epoch that the journal ends in; undefined: it has no files
 */
export function requireOwnEpoch({ reign, seen }: Pick<Durable, 'reign' | 'seen'>, newest: Epoch | undefined, directory: string): void {
  if (reign === null || compareEpochs(seen, reign.epoch) > 0) return;
  if (newest !== undefined && compareEpochs(newest, reign.epoch) >= 0) return;
  throw new GemelError(
    'DAMAGED',
    `The journal in ${directory} lacks what this member wrote as primary in epoch ${reign.epoch.major}.${reign.epoch.minor}.`,
    'Nothing was changed.',
    'Mount the disk of the journal, or bring its files back.',
  );
}
