import { compareEpochs, newerEpoch, sameEpoch } from './epochs.ts';
import type { Details, Durable, Epoch, Grant, Guid, JournalEnd, Refusal } from './types.ts';

/** What an agent knows of an instance that is down, under the instance's lock. */
export interface DownInstance {
  readonly durable: Durable;
  /** Failover members of its durable membership. */
  readonly members: readonly Guid[];
  readonly self: Guid;
  /** null: it cannot be read. */
  readonly journal: JournalEnd | null;
}

/**
 * Whether a member that is down may be bound in favour of the asker: only its partner, one promise per epoch, and never
 * against a no-failover setting.
 */
export function decideGrant(
  facts: DownInstance & { readonly asker: Guid; readonly above: Epoch },
): { readonly grant: Grant } | { readonly refused: Refusal } {
  const { durable, members, self, asker, above, journal } = facts;
  if (asker === self || !members.includes(asker)) return refuse('NOT_PARTNER', 'Only the other failover member can be let take over.');
  if (durable.stoppedNoFailover) return refuse('STOPPED_NOFAILOVER', 'The member was stopped with the option not to fail over.');
  if (durable.noFailover !== null) return refuse('NO_FAILOVER', 'No failover is set.');
  // A promise that was kept is history: its holder has been primary in a higher epoch.
  const newest = journal === null ? durable.seen : newerEpoch(journal.epoch, durable.seen);
  const standing = durable.grant !== null && compareEpochs(newest, durable.grant.above) <= 0;
  if (standing && durable.grant !== null && durable.grant.to !== asker)
    return refuse('GRANTED', 'The member has promised itself to another one.', { promisedTo: durable.grant.to });
  const reign = durable.reign?.epoch ?? durable.seen;
  if (journal === null && !isActiveWith(durable, asker))
    return refuse(
      'JOURNAL_UNREADABLE',
      'The journal of the member cannot be read, and its record does not say that the asker holds all of it.',
      {
        reign: `${reign.major}.${reign.minor}`,
        period: durable.period === null ? 0 : durable.period.n,
      },
    );
  return { grant: { to: asker, above: [above, newest, reign].reduce(newerEpoch) } };
}

/** By its own record the member waited for the asker's acknowledgements to its end. */
function isActiveWith({ period, reign }: Durable, asker: Guid): boolean {
  return period !== null && reign !== null && sameEpoch(period.epoch, reign.epoch) && !period.ended && period.backup === asker;
}

function refuse(code: string, text: string, facts: Details = {}): { refused: Refusal } {
  return { refused: { code, text, facts } };
}
