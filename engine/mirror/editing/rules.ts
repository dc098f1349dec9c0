import type { Refusal } from '../failover/index.ts';
import { isAsync, type Member, type Membership } from '../membership.ts';
import { changesPort, type AddressChange } from './addresses.ts';

/** Who may edit and remove what. Pure: the answer is a refusal, or null. */

/** How a member stands to its mirror. `connected`: it follows the primary; `stopped`: mirroring is stopped on it. */
export type Standing = 'primary' | 'connected' | 'disconnected' | 'stopped';

/** A member that is asked for a change, and how it stands. */
export interface Asked {
  readonly self: Member;
  readonly standing: Standing;
}

/** @returns the member of that name, or the refusal */
export function findMember({ members, mirror }: Pick<Membership, 'members' | 'mirror'>, name: string): Member | Refusal {
  const found = members.find((m) => m.name === name.toUpperCase());
  return (
    found ?? {
      code: 'MEMBER_UNKNOWN',
      text: `The mirror ${mirror} has no member ${name.toUpperCase()}.`,
      facts: { member: name.toUpperCase(), members: members.map((m) => m.name).join(' ') },
    }
  );
}

/**
 * Addresses come from the primary. A member that follows none may correct what it would use itself: an async where it looks for the
 * primary, a failover member all of them, since it may become the primary that tells them the others.
 */
export function whyNotEditAddresses({ self, standing }: Asked, target: Member, change: AddressChange): Refusal | null {
  const facts = { member: target.name, here: self.name };
  if (standing === 'connected')
    return {
      code: 'ADDRESSES_FROM_PRIMARY',
      text: `This member is connected to the primary, which tells it all addresses; those of ${target.name} are not changed here.`,
      facts,
    };
  if (standing === 'primary' || target.guid === self.guid)
    return changesPort(target, change)
      ? {
          code: 'PORT_IS_LOCAL',
          text: `The superserver port of ${target.name} is part of its own settings; ${target.guid === self.guid ? 'give it alone.' : 'it is changed there.'}`,
          facts,
        }
      : ownOfAsync(self, target, standing, facts);
  if (isAsync(self) && isAsync(target))
    return {
      code: 'ADDRESSES_NOT_USED_HERE',
      text: `An async member that is not connected corrects the addresses of the failover members only, where it looks for the primary; ${target.name} is an async.`,
      facts,
    };
  return null;
}

function ownOfAsync(self: Member, target: Member, standing: Standing, facts: Refusal['facts']): Refusal | null {
  if (standing === 'primary' || !isAsync(self)) return null;
  return {
    code: 'ADDRESSES_NOT_USED_HERE',
    text: `Nobody but the primary can tell the others the addresses of ${target.name}.`,
    facts,
  };
}

/** Another member is to be removed: by the primary any, by the backup only asyncs. */
export function whyNotRemove({ self, standing }: Asked, target: Member): Refusal | null {
  const facts = { member: target.name, here: self.name };
  if (target.guid === self.guid)
    return { code: 'REMOVE_OWN', text: `${target.name} is this member itself; it is not removed like another one.`, facts };
  if (isAsync(self)) return { code: 'REMOVE_NOT_ALLOWED', text: 'An async member removes no other member.', facts };
  if (standing === 'primary') return null;
  if (standing !== 'connected')
    return { code: 'REMOVE_NOT_CONNECTED', text: 'This member is not connected to an operating primary, which makes the change.', facts };
  if (isAsync(target)) return null;
  return { code: 'REMOVE_NOT_ALLOWED', text: `The backup removes async members only; ${target.name} is a failover member.`, facts };
}

/** This member is to leave its mirror: asyncs and the backup at any time, the primary last of all. */
export function whyNotLeave({ self, standing }: Asked, { members }: Pick<Membership, 'members'>): Refusal | null {
  const others = members.filter((m) => m.guid !== self.guid);
  if (standing === 'primary') {
    if (others.length === 0) return null;
    const first = others.find(isAsync) ?? others[0];
    return {
      code: 'REMOVE_OTHERS_FIRST',
      text: `The primary leaves last, which ends the mirror; it still has ${others.map((m) => m.name).join(', ')}.`,
      facts: { others: others.map((m) => m.name).join(' '), first: first?.name ?? '' },
    };
  }
  // Nobody can count on a member on which mirroring is stopped; on one that is only cut off somebody may.
  if (standing === 'disconnected' && !isAsync(self))
    return {
      code: 'REMOVE_NOT_CONNECTED',
      text: 'This failover member is not connected to the primary; it may be the one with the newest journal.',
      facts: { member: self.name, here: self.name },
    };
  return null;
}
