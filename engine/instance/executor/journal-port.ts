import type { JournalWriter } from '../../journal/index.ts';
import type { Bytes, Key } from '../../globals/index.ts';
import type { Ticket } from '../session.ts';
import type { TicketClock, TicketSource } from './ticket-clock.ts';
import type { WriteBar } from './write-bar.ts';

/** Kind of the mark that a transaction over both journals leaves in the local one before it commits. */
export const PREPARED = 'PREPARED';

/** The executor's side of one journal: records with their tickets, and the news of what became durable. */
export class JournalPort {
  readonly kind: 'mirror' | 'local';
  readonly writer: JournalWriter;
  /** Why no transaction may be committed here now; null: it may. */
  bar: WriteBar = null;
  readonly #clock: TicketClock;
  readonly #source: TicketSource;
  #whenDurable: { ticket: Ticket; then: () => void }[] = [];

  /** @param advanced called when the instance's durable ticket may have grown */
  constructor(kind: 'mirror' | 'local', writer: JournalWriter, clock: TicketClock, advanced: () => void) {
    this.kind = kind;
    this.writer = writer;
    this.#clock = clock;
    this.#source = clock.source();
    writer.onDurable((_position, ticket) => {
      // A block may hold nothing that has a ticket.
      if (ticket > this.#source.durable) this.#source.durable = ticket;
      this.#release(this.#source.durable);
      advanced();
    });
  }

  /** After the record: a note belongs to the block the record went to. */
  #note(ticket: Ticket): void {
    this.#source.newest = ticket;
    this.writer.note(ticket);
  }

  /** @param value undefined: the node was killed */
  update(
    ticket: Ticket,
    database: number,
    key: Key,
    value: Bytes | undefined,
    old: Bytes | undefined,
    transaction: number,
    session: number,
    compensation: boolean,
  ): void {
    if (value === undefined) this.writer.kill(database, key, old ?? '', transaction, session, compensation);
    else this.writer.set(database, key, value, old, transaction, session, compensation);
    this.#note(ticket);
  }

  /** All updates that `record` makes become durable together. @param bytes at least what they take  @param databases numbers of all that they name */
  together(bytes: number, databases: readonly number[], record: () => void): void {
    this.writer.together(bytes, databases, record);
  }

  start(ticket: Ticket, transaction: number, session: number): void {
    this.writer.tstart(transaction, session);
    this.#note(ticket);
  }

  commit(ticket: Ticket, transaction: number, session: number): void {
    this.writer.tcommit(transaction, session);
    this.#note(ticket);
  }

  /** Notes that a transaction over both journals has all its updates here; the mirror's commit decides it (see joint.ts). */
  prepare(ticket: Ticket, payload: Bytes): void {
    this.writer.mark(PREPARED, payload);
    this.#note(ticket);
  }

  rollbackEnd(ticket: Ticket, transaction: number, session: number): void {
    this.writer.rollbackEnd(transaction, session);
    this.#note(ticket);
  }

  get newestTicket(): Ticket {
    return this.#source.newest;
  }

  /** Everything recorded here up to this ticket is durable. */
  get durableTicket(): Ticket {
    return this.#source.durable;
  }

  /** Everything recorded here is durable. */
  get durable(): boolean {
    return this.#source.durable >= this.#source.newest;
  }

  /** Calls `then` once everything recorded here up to now is durable. */
  afterDurable(then: () => void): void {
    if (this.#source.durable >= this.#source.newest) then();
    else this.#whenDurable.push({ ticket: this.#source.newest, then });
  }

  #release(ticket: Ticket): void {
    if (this.#whenDurable.length === 0) return;
    const ready = this.#whenDurable.filter((w) => w.ticket <= ticket);
    this.#whenDurable = this.#whenDurable.filter((w) => w.ticket > ticket);
    for (const waiting of ready) waiting.then();
  }

  /** The journal is no longer written here: nothing waits for it any more. */
  close(): void {
    this.#clock.drop(this.#source);
    this.#whenDurable = [];
  }
}
