import type { Executor, Ticket } from '../instance/session.ts';
import type { ClientSettings } from './client.ts';
import { HeldReplies } from './held-replies.ts';

/** Decides when the replies of one connection may go out: gathers what the reply under way depends on, and holds it if need be. */
export class ReplyGate {
  /** The connection's newest update. */
  lastUpdate: Ticket = 0;
  readonly #executor: Executor;
  readonly #held = new HeldReplies();
  #showed = false;
  #changed = false;
  #showedTicket: Ticket = 0;
  #changedTicket: Ticket = 0;
  #requiredTicket: Ticket = 0;

  constructor(executor: Executor) {
    this.#executor = executor;
  }

  /** Replies that wait. */
  get count(): number {
    return this.#held.count;
  }

  /** Output offset up to which replies may be sent. */
  get released(): number {
    return this.#held.released;
  }

  /** The next reply waits for the read rule and for no ticket. */
  get waitsForReadRule(): boolean {
    return this.#held.waitsForReadRule(this.#executor.durableTicket);
  }

  /** A new reply begins. */
  begin(): void {
    this.#showed = this.#changed = false;
    this.#showedTicket = this.#changedTicket = this.#requiredTicket = 0;
  }

  /** The reply shows data that is durable with `ticket`. */
  showed(ticket: Ticket): void {
    this.#showed = true;
    if (ticket > this.#showedTicket) this.#showedTicket = ticket;
  }

  /** The reply stands for an update. */
  changed(ticket: Ticket): void {
    this.#changed = true;
    if (ticket > this.#changedTicket) this.#changedTicket = ticket;
    if (ticket > this.lastUpdate) this.lastUpdate = ticket;
  }

  /** The reply waits for `ticket` whatever the settings. */
  require(ticket: Ticket): void {
    if (ticket > this.#requiredTicket) this.#requiredTicket = ticket;
  }

  /** The reply is written, up to output offset `end`. */
  finish(end: number, { durability, reads }: ClientSettings): void {
    const durable = this.#executor.durableTicket;
    let ticket = this.#requiredTicket;
    if (durability === 'sync' && this.#changedTicket > ticket) ticket = this.#changedTicket;
    // an update that is acknowledged from now on proves by itself that we are still the primary
    const provesItself = this.#changed && ticket > durable;
    if (reads === 'durable' && this.#showedTicket > ticket) ticket = this.#showedTicket;
    const read = reads === 'durable' && this.#showed && !provesItself;
    if (this.#held.count === 0 && ticket <= durable && (!read || this.#executor.mayRead())) this.#held.pass(end);
    else this.#held.push(ticket, end, read);
  }

  /** Lets out what may go now. Returns whether anything did. */
  release(): boolean {
    return this.#held.release(this.#executor.durableTicket, () => this.#executor.mayRead());
  }
}
