import { failoverMembers, splitAddress, type Membership } from '../membership.ts';

/** An address at which a failover member may be found. */
export interface Candidate {
  readonly member: string;
  readonly host: string;
  readonly port: number;
}

/**
 * Where an async looks for the primary, in this order: the member it believes to be primary first, of each its private address
 * and then, where that is another one, its superserver address. Asyncs alone may use the latter (DECISIONS, "Second failover member").
 */
export function whomToAsk(membership: Membership, believed: string | null): Candidate[] {
  const members = failoverMembers(membership).toSorted((a, b) => Number(b.guid === believed) - Number(a.guid === believed));
  return members.flatMap(({ guid, privateAddress, superserverAddress }) =>
    [...new Set([privateAddress, superserverAddress])].map((address) => ({ member: guid, ...splitAddress(address) })),
  );
}
