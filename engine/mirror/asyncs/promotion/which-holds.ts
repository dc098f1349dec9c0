import { compareEpochs, type Epoch } from '../../failover/index.ts';
import { failoverMembers, type Membership } from '../../membership.ts';

/** A member's membership, and how firmly it stands behind it. */
export interface Held {
  readonly membership: Membership;
  /** It is primary in this epoch, or about to be, or follows who is; null: nobody operates as far as it knows. */
  readonly committed: Epoch | null;
}

/**
 * What a member does that hears of another one's membership: takes it over, keeps its own, or is primary and has to make its own
 * the newer one. Only promotions without an operating primary can make two memberships of the same version; of two that nobody
 * stands behind yet everybody chooses the same.
 */
export function whichHolds(mine: Held, theirs: Held): 'adopt' | 'keep' | 'outvote' {
  const newer = theirs.membership.version - mine.membership.version;
  const conflict = newer === 0 && roles(theirs.membership) !== roles(mine.membership);
  if (theirs.membership.guid !== mine.membership.guid || newer < 0 || (newer === 0 && !conflict)) return 'keep';
  if (mine.committed !== null) {
    const isReplaced = theirs.committed !== null && compareEpochs(theirs.committed, mine.committed) > 0;
    return isReplaced ? 'adopt' : 'outvote';
  }
  if (theirs.committed !== null || newer > 0) return 'adopt';
  return roles(theirs.membership) < roles(mine.membership) ? 'adopt' : 'keep';
}

function roles(membership: Membership): string {
  return failoverMembers(membership)
    .map(({ guid }) => guid)
    .toSorted()
    .join(' ');
}
