import { compareEpochs } from './state.ts';
import type { Durable, Epoch, Grant, Guid, JournalEnd, Refusal } from './types.ts';

/** What an agent knows of an instance that is down, under the instance's lock. */
export interface DownInstance {
  readonly durable: Durable;
  /** Failover members of its durable membership. */
  readonly members: readonly Guid[];
  readonly self: Guid;
  readonly journal: JournalEnd;
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
  const standing =
    durable.grant !== null &&
    compareEpochs(journal.epoch, durable.grant.above) <= 0 &&
    compareEpochs(durable.seen, durable.grant.above) <= 0;
  if (standing && durable.grant !== null && durable.grant.to !== asker)
    return refuse('GRANTED', 'The member has promised itself to another one.');
  const highest = [above, journal.epoch, durable.seen].reduce((a, b) => (compareEpochs(a, b) >= 0 ? a : b));
  return { grant: { to: asker, above: highest } };
}

function refuse(code: string, text: string): { refused: Refusal } {
  return { refused: { code, text, facts: {} } };
}
