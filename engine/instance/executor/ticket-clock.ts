import type { Ticket } from '../session.ts';

/** What is durable in one journal. */
interface Source {
  /** Highest ticket recorded in it. */
  newest: Ticket;
  /** Highest ticket whose block is durable. */
  durable: Ticket;
}

/**
 * Hands out tickets and says up to which all are durable, over the journals of an instance. A commit that must wait
 * for another journal first *holds* its ticket back until it is recorded.
 */
export class TicketClock {
  #newest: Ticket = 0;
  #durable: Ticket = 0;
  readonly #sources: Source[] = [];
  readonly #held = new Set<Ticket>();

  get newest(): Ticket {
    return this.#newest;
  }

  get durable(): Ticket {
    return this.#durable;
  }

  next(): Ticket {
    this.#newest += 1;
    return this.#newest;
  }

  source(): Source {
    const source = { newest: 0, durable: 0 };
    this.#sources.push(source);
    return source;
  }

  /** A journal that is closed for good no longer counts; what was not durable in it never will be. */
  drop(source: Source): void {
    const at = this.#sources.indexOf(source);
    if (at >= 0) this.#sources.splice(at, 1);
  }

  hold(ticket: Ticket): void {
    this.#held.add(ticket);
  }

  release(ticket: Ticket): void {
    this.#held.delete(ticket);
  }

  /** Call after a source's `durable` or a held ticket has changed; true when the durable ticket has grown. */
  advance(): boolean {
    let durable = this.#newest;
    for (const source of this.#sources) if (source.durable < source.newest && source.durable < durable) durable = source.durable;
    for (const held of this.#held) if (held - 1 < durable) durable = held - 1;
    if (durable <= this.#durable) return false;
    this.#durable = durable;
    return true;
  }
}

export type TicketSource = Source;
