import type { Ticket } from '../instance/session.ts';

/** Answered entries are dropped from the arrays once there are this many. */
const COMPACT_AT = 1024;

/**
 * What stands between a connection's replies and its client: in the order of the replies, each waits for a ticket to be
 * durable and, when it shows data, for the read rule. Kept as parallel arrays: with pipelining there is one entry for
 * almost every update.
 */
export class HeldReplies {
  #tickets: Ticket[] = [];
  #ends: number[] = [];
  #reads: boolean[] = [];
  #head = 0;
  #released = 0;

  get count(): number {
    return this.#tickets.length - this.#head;
  }

  /** Output offset up to which replies may be sent. */
  get released(): number {
    return this.#released;
  }

  /** The next reply waits for the read rule alone. */
  waitsForReadRule(durable: Ticket): boolean {
    return this.count > 0 && (this.#tickets[this.#head] ?? 0) <= durable;
  }

  /** The reply that ends at output offset `end` waits for `ticket`, and for the read rule if `read`. */
  push(ticket: Ticket, end: number, read: boolean): void {
    const last = this.#tickets.length - 1;
    const mayJoin = this.count > 0 && ticket <= (this.#tickets[last] ?? 0) && (!read || this.#reads[last] === true);
    if (mayJoin) {
      this.#ends[last] = end;
      return;
    }
    this.#tickets.push(ticket);
    this.#ends.push(end);
    this.#reads.push(read);
  }

  /** Nothing is held and the reply that ends at `end` need not be. */
  pass(end: number): void {
    this.#released = end;
  }

  /** Releases what may go now. Returns whether anything was. */
  release(durable: Ticket, mayRead: () => boolean): boolean {
    const from = this.#head;
    while (this.#head < this.#tickets.length) {
      if ((this.#tickets[this.#head] ?? 0) > durable) break;
      if (this.#reads[this.#head] === true && !mayRead()) break;
      this.#released = this.#ends[this.#head] ?? 0;
      this.#head++;
    }
    const any = this.#head > from;
    if (any) this.#compact();
    return any;
  }

  #compact(): void {
    if (this.#head === this.#tickets.length) {
      this.#tickets.length = this.#ends.length = this.#reads.length = 0;
    } else if (this.#head >= COMPACT_AT && this.#head * 2 >= this.#tickets.length) {
      this.#tickets.splice(0, this.#head);
      this.#ends.splice(0, this.#head);
      this.#reads.splice(0, this.#head);
    } else return;
    this.#head = 0;
  }
}
