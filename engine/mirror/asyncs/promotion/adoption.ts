import { isDeepStrictEqual } from 'node:util';
import type { Guid, Refusal } from '../../failover/index.ts';
import { memberOf, type Membership, type MirrorRecord } from '../../membership.ts';

/** The wish of a member that was promoted while no primary operates, to the agent of one that is down. */
export interface Adoption {
  readonly asker: Guid;
  readonly membership: Membership;
  /** Members that are down and have the new membership already: what they were promised by others is void. */
  readonly released: readonly Guid[];
}

/**
 * The record of a member that is down once it has a newer membership, made by a promotion; its own records do not count then
 * (ValidatedMember=0). Of two changes of the same version only the first is taken: two members promoted at once do not both get
 * the same partner.
 */
export function decideAdoption(
  record: MirrorRecord,
  { asker, membership, released }: Adoption,
): { record: MirrorRecord } | { refused: Refusal } {
  const { self, durable } = record;
  const facts = { known: record.membership.version, offered: membership.version };
  if (memberOf(record.membership, asker) === undefined || memberOf(membership, asker)?.type !== 'Failover')
    return refuse('NOT_PARTNER', 'Only a member of the mirror that is promoted can change the roles.');
  const mine = memberOf(membership, self);
  if (membership.guid !== record.membership.guid || mine === undefined)
    return refuse('OTHER_CHANGE', 'That is the membership of another mirror, or without this member.', facts);
  if (isDeepStrictEqual(membership, record.membership)) return { record };
  if (membership.version <= record.membership.version)
    return refuse('OTHER_CHANGE', 'This member has another change of the mirror already, which is as new or newer.', facts);
  if (mine.type === 'Failover' && (durable.stoppedNoFailover || durable.noFailover !== null))
    return refuse('PARTNER_NO_FAILOVER', 'The chosen partner was stopped so that nobody takes over from it, or no failover is set.');
  const isReleased =
    durable.grant !== null && released.includes(durable.grant.to) && memberOf(membership, durable.grant.to)?.type !== 'Failover';
  return { record: { ...record, membership, durable: { ...durable, validated: false, ...(isReleased ? { grant: null } : {}) } } };
}

function refuse(code: string, text: string, facts: Refusal['facts'] = {}): { refused: Refusal } {
  return { refused: { code, text, facts } };
}
