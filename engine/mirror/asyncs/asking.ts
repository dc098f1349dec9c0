import { GemelError } from '../../api/errors.ts';
import type { AsyncType } from '../../api/status.ts';
import type { Clock } from '../../io/clock.ts';
import { noPrimary } from '../requests.ts';
import type { AsyncControl } from './protocol.ts';
import { Wish } from './wish.ts';

/** What an async asks the primary for about its own place in the mirror: one thing at a time. */
export class Asking {
  readonly #clock: Clock;
  readonly #send: (message: AsyncControl) => boolean;
  #wish: Wish | null = null;

  /** @param send to the primary; false: there is none */
  constructor(clock: Clock, send: (message: AsyncControl) => boolean) {
    this.#clock = clock;
    this.#send = send;
  }

  /** Something was asked for and not answered yet. */
  get isUnderWay(): boolean {
    return this.#wish !== null;
  }

  /** To be its failover partner, with that interface of this host for the virtual address. Rejects when that is refused; resolves with the change, which ends this member as it is. */
  toBePromoted(vipInterface?: string): Promise<void> {
    return this.#ask({ t: 'ask-promote', ...(vipInterface === undefined ? {} : { vipInterface }) });
  }

  /** To be an async of another type; the rest as above. */
  toBe(type: AsyncType): Promise<void> {
    return this.#ask({ t: 'ask-type', type });
  }

  async #ask(message: AsyncControl): Promise<void> {
    if (this.#wish !== null) throw new GemelError('REFUSED', 'This member is changing its type already.', 'Nothing was changed.');
    if (!this.#send(message)) throw noPrimary();
    this.#wish = new Wish(this.#clock);
    try {
      await this.#wish.answer;
    } finally {
      this.#wish = null;
    }
  }

  refused(error: GemelError): void {
    this.#wish?.refused(error);
  }

  /** The connection to the primary is lost: its answer will not come. */
  lost(): void {
    this.#wish?.lost();
  }

  /** The change is there. */
  done(): void {
    this.#wish?.done();
  }
}
