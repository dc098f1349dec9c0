import { isMoved, without } from './editing/addresses.ts';
import { carryOut, EditWishes, type EditWish } from './editing/wishes.ts';
import { restartLinks } from './compression.ts';
import { isAsync, memberOf, type Membership } from './membership.ts';
import type { Mirror } from './mirror.ts';
import { noPrimary } from './requests.ts';

/** The membership as a failover member has it: changed by the primary, followed by the others, until this member is another one or none. */
export class Changes {
  readonly #mirror: Mirror;
  /** What this member wants changed by the primary. */
  readonly wishes: EditWishes;
  /** No failover member any more: it decides nothing but how it ends. */
  isOver = false;

  constructor(mirror: Mirror) {
    this.#mirror = mirror;
    this.wishes = new EditWishes(mirror.options.io.clock);
  }

  /** A changed membership or list of databases: durable here, then told to the partner. */
  make(change: (membership: Membership) => Membership): void {
    const mirror = this.#mirror;
    const before = mirror.membership;
    const membership = change(before);
    mirror.membership = membership;
    mirror.save();
    mirror.peers.link?.send({ t: 'membership', membership });
    mirror.followers.tell(membership);
    // Before a new active period: one that is cut off would be trouble.
    restartLinks(mirror, before);
    const { self } = mirror.options.record;
    // Before the next active period begins: then this is the loss of a backup that nobody waits for.
    if (isMoved(memberOf(before, self), memberOf(membership, self))) mirror.peers.letGo('the addresses of this member were changed');
    this.#follow(before);
  }

  /** Asks the primary, which this member may be itself, for a change of the membership. Rejects when that is refused. */
  wish(wish: EditWish): Promise<void> {
    const { peers, state, options } = this.#mirror;
    const { link } = peers;
    if (state.role.is === 'primary') return carryOut(this.#mirror, options.record.self, wish);
    if (link === null || state.role.is !== 'backup') return Promise.reject(noPrimary());
    return this.wishes.ask(wish, (id) => link.send({ t: 'ask-edit', id, wish }));
  }

  /** Addresses corrected here alone, while no primary is followed: the next one that is, says what they are. */
  correct(change: (membership: Membership) => Membership): void {
    this.#mirror.membership = change(this.#mirror.membership);
    this.#mirror.save();
    this.#mirror.options.host.changed();
  }

  /** This member is none from now on, whatever the others know. Durable when it returns. */
  leave(): void {
    this.#mirror.membership = without(this.#mirror.membership, this.#mirror.options.record.self);
    this.#mirror.save();
    this.#endAsOther('MIRROR_LEFT', 'This member has left the mirror.');
  }

  /**
   * The other member knows a newer one, although it is not primary: only it and the arbiter may have learned of a change before
   * they were parted, and the arbiter lets nobody be primary who does not know it.
   */
  learn(membership: Membership): void {
    if (membership.version > this.#mirror.membership.version) this.adopt(membership);
  }

  /** What the primary says the membership is. */
  adopt(membership: Membership): void {
    // Whoever is begun anew in its place has the record by now.
    const mirror = this.#mirror;
    const before = mirror.membership;
    if (mirror.hasEnded || membership.guid !== before.guid || JSON.stringify(membership) === JSON.stringify(before)) return;
    const self = memberOf(membership, mirror.options.record.self);
    // Nobody removes a primary that works: somebody else has been made one, and that is found out otherwise.
    if (self === undefined && mirror.state.role.is === 'primary') return;
    mirror.membership = membership;
    mirror.save();
    if (self === undefined)
      return this.wishes.removed()
        ? this.#endAsOther('MIRROR_LEFT', 'This member has left the mirror.')
        : this.#endAsOther('REMOVED', 'This member was removed from the mirror; mirroring has ended here.');
    if (isAsync(self)) {
      mirror.peers.demotion.done();
      return this.#endAsOther('DEMOTED', 'This member was demoted: it is a disaster recovery async from now on.');
    }
    this.#follow(before);
    const primary = mirror.peers.link?.member;
    if (primary === undefined || !isMoved(memberOf(before, primary), memberOf(membership, primary))) return;
    mirror.peers.letGo('the addresses of the primary were changed');
  }

  #endAsOther(code: 'DEMOTED' | 'REMOVED' | 'MIRROR_LEFT', text: string): void {
    this.#mirror.note(code, text, { version: this.#mirror.membership.version });
    this.isOver = true;
    this.#mirror.options.host.typeChanged();
  }

  #follow(before: Membership): void {
    const mirror = this.#mirror;
    const isOther = before.arbiter !== mirror.membership.arbiter || before.qosMs !== mirror.membership.qosMs;
    if (isOther) mirror.changeArbiter();
    // Read after that: what it leads to may have been another change.
    const { version, arbiter, qosMs } = mirror.membership;
    // Two members that changed the mirror without knowing of each other may have given both changes the same number.
    if (isOther || before.version !== version)
      mirror.input({ on: 'membership', version, partner: mirror.partner?.guid ?? null, arbiter: arbiter !== null, qosMs });
    mirror.options.host.changed();
  }
}
