import type { JoinAs } from '../../api/join-as.ts';
import { GemelError } from '../../api/errors.ts';
import type { MemberType } from '../../api/status.ts';
import type { Clock } from '../../io/index.ts';
import type { Net } from '../../io/net.ts';
import { askAgent, AsyncMember, failoverMembers, Membership, splitAddress, type Member } from '../../mirror/index.ts';
import type { Place } from './place.ts';

/** A mirror with a failover pair has up to 14 asyncs. */
const MEMBERS_MAX = 16;
const FAILOVER_MAX = 2;
const ASK_MS = 10_000;

export const typeOf: Readonly<Record<JoinAs, MemberType>> = {
  failover: 'Failover',
  dr: 'Disaster Recovery',
  'reporting-ro': 'Read-Only Reporting',
  'reporting-rw': 'Read-Write Reporting',
};

/** A reporting member may belong to so many mirrors. */
const MIRRORS_MAX = 10;

/**
 * Whether an instance may become a member of one more mirror: only a reporting member, as the same type and under the same name.
 * @returns what it is in the others; null: it is in none. Throws REFUSED
 */
export function checkAnother(
  places: readonly Place[],
  type: MemberType,
  mirror: string,
  name?: string,
): { name: string; guid: string } | null {
  const refuse = (what: string, todo: string): GemelError => new GemelError('REFUSED', what, 'Nothing was changed.', todo);
  const [first] = places;
  if (first === undefined) return null;
  if (places.some((place) => place.mirror === mirror.toUpperCase()))
    throw refuse(`This instance is in the mirror ${mirror.toUpperCase()} already.`, 'See gemel mirror status.');
  const { member, inWords } = first;
  if (!(member instanceof AsyncMember) || !isReporting(inWords.type))
    throw refuse(
      `This instance is in the mirror ${first.mirror} already.`,
      'Only a reporting member may belong to several mirrors. Take another instance, or remove this one from its mirror first.',
    );
  if (type !== inWords.type)
    throw refuse(
      `This instance is a ${inWords.type.toLowerCase()} member of other mirrors, and is of one type in all of them.`,
      `Join as ${inWords.type.toLowerCase()} member, or change its type first.`,
    );
  if (places.length >= MIRRORS_MAX)
    throw refuse(`This instance is in ${places.length} mirrors, as many as a member can be in.`, 'Take another instance.');
  const { self } = member;
  if (name !== undefined && name.toUpperCase() !== self.name)
    throw refuse(`This instance is the member ${self.name} in its other mirrors, and has one name in all of them.`, 'Leave --member out.');
  return { name: self.name, guid: self.guid };
}

function isReporting(type: MemberType): boolean {
  return type !== 'Failover' && type !== 'Disaster Recovery';
}

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
