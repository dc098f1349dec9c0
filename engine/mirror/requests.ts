import { conditionOf } from '../api/conditions.ts';
import { GemelError } from '../api/errors.ts';
import type { AsyncType, MemberType } from '../api/status.ts';
import type { Guid, Refusal, RequestName, ResumeConfirmations } from './failover/index.ts';
import type { Mirror } from './mirror.ts';
import { withInterface, type Membership } from './membership.ts';

type Simple = Exclude<RequestName, 'force-primary' | 'resume-primary' | 'change-membership'>;
type Asked =
  | { readonly what: Simple | 'change-membership' }
  | { readonly what: 'force-primary'; readonly confirmed: boolean }
  | { readonly what: 'resume-primary'; readonly confirmed: ResumeConfirmations };

/** What people ask of a member, on its way to the decisions and back. Each rejects with the refusal, as GemelError with its condition. */
export class Requests {
  readonly #mirror: Pick<Mirror, 'input' | 'changeMembership' | 'partner'>;
  readonly #waiting = new Map<number, (refusal: Refusal | null) => void>();
  readonly #changes = new Map<number, (membership: Membership) => Membership>();
  #next = 1;
  #ended = false;

  constructor(mirror: Pick<Mirror, 'input' | 'changeMembership' | 'partner'>) {
    this.#mirror = mirror;
  }

  ask(what: Simple): Promise<void> {
    return this.#ask(this.#number(), { what });
  }

  /** Without `confirmed` it is refused with what it would mean: the facts of the refusal. */
  forcePrimary(confirmed: boolean): Promise<void> {
    return this.#ask(this.#number(), { what: 'force-primary', confirmed });
  }

  resumePrimary(confirmed: ResumeConfirmations): Promise<void> {
    return this.#ask(this.#number(), { what: 'resume-primary', confirmed });
  }

  /** A change of arbiter, members or Q: carried out, as a new version, once no active period and no generation depends on the old one. */
  async changeMembership(change: (membership: Membership) => Membership): Promise<void> {
    const id = this.#number();
    this.#changes.set(id, change);
    try {
      await this.#ask(id, { what: 'change-membership' });
    } finally {
      this.#changes.delete(id);
    }
  }

  /** On the primary: the other failover member becomes a disaster recovery async. */
  demotePartner(): Promise<void> {
    const { partner } = this.#mirror;
    if (partner === null)
      return Promise.reject(new GemelError('REFUSED', 'The mirror has no second failover member to be demoted.', 'Nothing was changed.'));
    return this.changeMembership((membership) => withTypes(membership, { [partner.guid]: 'Disaster Recovery' }));
  }

  /** On the primary: a disaster recovery async becomes the other failover member; who was that before becomes one in its place. */
  promote(member: Guid, vipInterface?: string): Promise<void> {
    const before = this.#mirror.partner;
    const types = { ...(before === null ? {} : { [before.guid]: 'Disaster Recovery' as const }), [member]: 'Failover' as const };
    return this.changeMembership((membership) => withInterface(withTypes(membership, types), member, vipInterface));
  }

  /** On the primary: an async becomes one of another type. */
  changeAsyncType(member: Guid, type: AsyncType): Promise<void> {
    return this.changeMembership((membership) => withTypes(membership, { [member]: type }));
  }

  /** The change may be made now. */
  carryOutChange(id: number): void {
    const change = this.#changes.get(id);
    if (change !== undefined) this.#mirror.changeMembership((membership) => ({ ...change(membership), version: membership.version + 1 }));
  }

  answer(id: number, refusal: Refusal | null): void {
    const answer = this.#waiting.get(id);
    this.#waiting.delete(id);
    answer?.(refusal);
  }

  /** Nothing is decided any more: whoever waits, or asks from now on, is told. */
  end(): void {
    this.#ended = true;
    for (const id of [...this.#waiting.keys()]) this.answer(id, stopping);
  }

  #number(): number {
    const id = this.#next;
    this.#next += 1;
    return id;
  }

  #ask(id: number, asked: Asked): Promise<void> {
    if (this.#ended) return Promise.reject(asError(stopping));
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, (refusal) => (refusal === null ? resolve() : reject(asError(refusal))));
      this.#mirror.input({ on: 'request', id, ...asked });
    });
  }
}

function withTypes(membership: Membership, types: Readonly<Record<Guid, MemberType>>): Membership {
  return { ...membership, members: membership.members.map((m) => ({ ...m, type: types[m.guid] ?? m.type })) };
}

/** What only a primary can do was asked of a member that has none. */
export function noPrimary(): GemelError {
  return new GemelError(
    'REFUSED',
    'This member is not connected to an operating primary.',
    'Nothing was changed.',
    'Do it when the mirror has a primary that this member follows.',
  );
}

const stopping: Refusal = { code: 'STOPPING', text: 'This member is being stopped.', facts: { role: 'down' } };

/** A refusal as it is thrown: its condition says what is safe and what to do. */
export function asError({ code, text, facts }: Refusal): GemelError {
  const condition = conditionOf(code);
  const safe = condition?.severity === 'refusal' ? condition.means : 'Nothing was changed.';
  return new GemelError('REFUSED', text, safe, condition?.todo ?? '', { code, facts });
}
