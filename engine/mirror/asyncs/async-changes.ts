import { without } from '../editing/addresses.ts';
import { newDurable, type Durable } from '../failover/index.ts';
import { isAsync, memberOf, partnerOf, type Member, type Membership, type MirrorRecord } from '../membership.ts';
import type { AsyncMember } from './async-member.ts';
import type { News } from './news.ts';
import { whichHolds } from './promotion/which-holds.ts';

/** What only the member itself does. */
interface Own {
  readonly isOver: () => boolean;
  /** Durable when it returns; the member has that membership from then on. */
  readonly take: (change: Pick<MirrorRecord, 'membership'> & Partial<MirrorRecord>) => void;
  /** It looks for no primary any more. */
  readonly end: () => void;
}

/** The membership as an async has it: taken over as it comes, until it is a member of another type, or none. */
export class AsyncChanges {
  readonly #member: AsyncMember;
  readonly #own: Own;
  /** A failover member now: what was an async is about to end. */
  #isPromoted = false;

  constructor(member: AsyncMember, own: Own) {
    this.#member = member;
    this.#own = own;
  }

  /** What the primary says the membership is. */
  adopt(membership: Membership): void {
    const member = this.#member;
    const before = member.membership;
    if (this.#isPromoted || membership.guid !== before.guid || JSON.stringify(membership) === JSON.stringify(before)) return;
    const self = memberOf(membership, member.options.record.self);
    if (self === undefined) {
      const wanted = member.wishes.removed();
      return this.#endWithout(membership, wanted ? 'MIRROR_LEFT' : 'REMOVED');
    }
    if (self.type === member.self.type) {
      this.#own.take({ membership });
      member.following.redialIfMoved(before);
      return member.options.host.changed();
    }
    if (isAsync(self)) return this.#becomeAsync(membership, self.type);
    // It begins as one that has just joined: it holds no right of earlier times, and asks the others first.
    // Without a partner it is its own promotion, which it did not end with a record of its own: an operator says whether to go on.
    const promotion = partnerOf(membership, self.guid) === null ? { isHeld: true } : null;
    this.becomeFailover(membership, { ...newDurable, seen: member.seen, promotion });
  }

  /** It is a failover member in this membership, and begins anew as that. */
  becomeFailover(membership: Membership, durable: Durable): void {
    this.#own.take({ membership, durable });
    this.#isPromoted = true;
    const member = this.#member;
    member.note('PROMOTED', 'This member was promoted: it is a failover member from now on.', { version: membership.version });
    member.asking.done();
    member.options.host.typeChanged();
  }

  /** It is an async of another type from now on. One for disaster recovery takes everything. */
  #becomeAsync(membership: Membership, type: Member['type']): void {
    this.#own.take({ membership, ...(type === 'Disaster Recovery' ? { filter: null } : {}) });
    const member = this.#member;
    member.note('TYPE_CHANGED', `This member is a ${type.toLowerCase()} async from now on.`, { type, version: membership.version });
    member.asking.done();
    member.options.host.typeChanged();
  }

  /** Who asks for the primary, or was promoted, tells what it knows of the mirror. */
  heard(theirs: News): void {
    if (!this.#own.isOver() && whichHolds(this.#member.news, theirs) === 'adopt') this.adopt(theirs.membership);
  }

  /** Somebody who is not the primary knows of a change, or the primary does not follow any more what this member is. */
  learn(membership: Membership | undefined): void {
    if (membership !== undefined && membership.version > this.#member.membership.version) this.adopt(membership);
  }

  /** This member is none any more: it is left as it is, and its instance is told. */
  #endWithout(membership: Membership, code: 'REMOVED' | 'MIRROR_LEFT'): void {
    this.#own.take({ membership });
    this.#own.end();
    const text =
      code === 'REMOVED' ? 'This member was removed from the mirror; mirroring has ended here.' : 'This member has left the mirror.';
    this.#member.note(code, text, { version: membership.version });
    this.#member.following.end('no member of the mirror any more');
    this.#member.options.host.typeChanged();
  }

  /** This member is none from now on, whatever the others know. Durable when it returns. */
  leave(): void {
    const { membership, options } = this.#member;
    this.#endWithout(without(membership, options.record.self), 'MIRROR_LEFT');
  }

  /** Addresses corrected here alone, while no primary is followed: the next one that is, says what they are. */
  correct(change: (membership: Membership) => Membership): void {
    this.#own.take({ membership: change(this.#member.membership) });
    this.#member.options.host.changed();
  }
}
