import { z } from 'zod';
import { GemelError } from '../../api/errors.ts';
import type { Clock } from '../../io/clock.ts';
import { Wish } from '../asyncs/wish.ts';
import { memberOf } from '../membership.ts';
import type { Mirror } from '../mirror.ts';
import { asError } from '../requests.ts';
import { told, untold, type ToldError } from '../told-error.ts';
import { without, withMember, withPort } from './addresses.ts';
import { whyNotRemove } from './rules.ts';

/** A change of the membership that a member asks the primary for. */
export const EditWish = z.discriminatedUnion('what', [
  /** The asker's superserver listens on another port. */
  z.object({ what: z.literal('own-port'), from: z.number().int(), to: z.number().int() }),
  /** The asker is no member any more. */
  z.object({ what: z.literal('leave') }),
  /** Another member (its GUID) is none any more. */
  z.object({ what: z.literal('remove'), member: z.string() }),
]);
export type EditWish = z.infer<typeof EditWish>;

/** What this member has asked the primary for, until it is answered. */
export class EditWishes {
  readonly #clock: Clock;
  readonly #waiting = new Map<number, Wish>();
  #leaving: Wish | null = null;
  #next = 1;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Rejects with the primary's refusal. A wish to leave is answered by the membership without this member. */
  ask(wish: EditWish, send: (id: number) => void): Promise<void> {
    const waiting = new Wish(this.#clock);
    const id = this.#next;
    this.#next += 1;
    this.#waiting.set(id, waiting);
    if (wish.what === 'leave') this.#leaving = waiting;
    send(id);
    return waiting.answer.finally(() => {
      this.#waiting.delete(id);
      if (this.#leaving === waiting) this.#leaving = null;
    });
  }

  answered(id: number, error: ToldError | null): void {
    if (error === null) this.#waiting.get(id)?.done();
    else this.#waiting.get(id)?.refused(untold(error));
  }

  /** The connection to the primary is lost: no answer will come. */
  lost(): void {
    for (const wish of this.#waiting.values()) wish.lost();
  }

  /** This member is none any more. @returns whether it wanted that */
  removed(): boolean {
    this.#leaving?.done();
    return this.#leaving !== null;
  }
}

/** On the primary: does what a member wishes; `answer` gets null, or why not. */
export async function grantWish(mirror: Mirror, asker: string, wish: EditWish, answer: (error: ToldError | null) => void): Promise<void> {
  try {
    await carryOut(mirror, asker, wish);
    answer(null);
  } catch (error) {
    if (!(error instanceof GemelError)) throw error;
    answer(told(error));
  }
}

/** On the primary. Rejects as `Requests.changeMembership` does, and with what the rules say. */
export async function carryOut(mirror: Mirror, asker: string, wish: EditWish): Promise<void> {
  const by = memberOf(mirror.membership, asker);
  if (by === undefined) throw new GemelError('NOT_FOUND', 'Who asks is no member of the mirror any more.', 'Nothing was changed.');
  if (wish.what === 'own-port') {
    await mirror.requests.changeMembership((m) => withMember(m, asker, (member) => withPort(member, wish.from, wish.to)));
    return mirror.note('MEMBER_CHANGED', `The superserver of ${by.name} listens on port ${wish.to} from now on.`, {
      member: by.name,
      port: wish.to,
    });
  }
  const gone = wish.what === 'leave' ? by : memberOf(mirror.membership, wish.member);
  if (gone === undefined) return;
  const isPrimary = asker === mirror.options.record.self;
  const refusal = wish.what === 'leave' ? null : whyNotRemove({ self: by, standing: isPrimary ? 'primary' : 'connected' }, gone);
  if (refusal !== null) throw asError(refusal);
  await mirror.requests.changeMembership((m) => without(m, gone.guid));
  const text = wish.what === 'leave' ? `${gone.name} has left the mirror.` : `${gone.name} was removed from the mirror by ${by.name}.`;
  mirror.note('MEMBER_REMOVED', text, { member: gone.name, by: by.name });
}
