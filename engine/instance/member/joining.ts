import type { JoinAs } from '../../api/contract.ts';
import { GemelError } from '../../api/errors.ts';
import type { MemberType } from '../../api/status.ts';
import type { Clock } from '../../io/index.ts';
import type { Net } from '../../io/net.ts';
import { askAgent, failoverMembers, Membership, splitAddress, type Member } from '../../mirror/index.ts';

/** A mirror with a failover pair has up to 14 asyncs. */
const MEMBERS_MAX = 16;
const FAILOVER_MAX = 2;
const ASK_MS = 10_000;

export const typeOf: Readonly<Record<JoinAs, MemberType>> = {
  failover: 'Failover',
  dr: 'Disaster Recovery',
  'reporting-ro': 'Read-Only Reporting',
};

/** What the primary checks before it takes a member in. Throws REFUSED, EXISTS. */
export function checkNewMember(membership: Membership, member: Member): void {
  const { mirror, members } = membership;
  const refuse = (what: string): GemelError => new GemelError('REFUSED', what, 'Nothing was changed.');
  if (member.type === 'Failover' && failoverMembers(membership).length >= FAILOVER_MAX)
    throw refuse(`The mirror ${mirror} has two failover members already.`);
  if (members.length >= MEMBERS_MAX)
    throw refuse(`The mirror ${mirror} has ${members.length} members already, as many as a mirror can have.`);
  if (members.some((m) => m.name === member.name))
    throw new GemelError(
      'EXISTS',
      `The mirror has a member ${member.name} already.`,
      'Nothing was changed.',
      'Choose another member name.',
    );
}

/**
 * Asks a failover member, through its host's agent, to be taken in; of the backup it goes on to the primary.
 * @returns the membership with the new member
 */
export async function askToBeAdmitted(
  io: { readonly net: Net; readonly clock: Clock },
  at: { readonly agent: { host: string; port: number }; readonly instance: string },
  request: { readonly mirror: string; readonly member: Member },
): Promise<Membership> {
  const ask = async (agent: { host: string; port: number }, instance: string) => {
    const reply = await askAgent(io, [agent], { t: 'admit', instance, ...request }, ASK_MS);
    if (reply.t !== 'admitted') throw new GemelError('UNREACHABLE', 'The agent there gave no answer to the question.');
    return reply;
  };
  const first = await ask(at.agent, at.instance);
  const { elsewhere } = first;
  const reply = elsewhere === null ? first : await ask(splitAddress(elsewhere.agent), elsewhere.instance);
  if (reply.elsewhere !== null)
    throw new GemelError(
      'REFUSED',
      'Neither failover member is primary now.',
      'Nothing was changed.',
      'Join when the mirror has a primary.',
    );
  return Membership.parse(reply.membership);
}
