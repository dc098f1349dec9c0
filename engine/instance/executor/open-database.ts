import { GemelError } from '../../api/errors.ts';
import type { Database } from '../../database/index.ts';
import type { Bytes, Key, Node, NodeWriter } from '../../globals/index.ts';
import type { Turns } from '../../io/index.ts';
import type { DatabaseHandle, Ticket } from '../session.ts';
import type { JournalPort } from './journal-port.ts';
import { refuseIf, type WriteBar } from './write-bar.ts';

/** A mounted database on the executor's thread: its nodes, and the journal its updates go to. */
export class OpenDatabase implements DatabaseHandle {
  readonly name: string;
  readonly directory: string;
  /** The mirror and the database's name in it; null: not mirrored. */
  readonly mirror: { readonly name: string; readonly database: string } | null;
  /** It has kept the attribute of a mirror that the instance has left, or was brought from another one: nothing feeds it, and nobody writes to it. */
  readonly isRetained: boolean;
  /** The FailoverDB flag of a mirrored database: only the mirror's journal updates it. Without it, it is updated here too. */
  failoverDB: boolean;
  readonly nodes: Database;
  readonly guid: string;
  journal: JournalPort | null = null;
  /** What `journal`'s records call it. */
  journalNumber = 0;
  bar: WriteBar = null;
  /** Why it is not read now either; null: it is. */
  readBar: WriteBar = null;
  /** The newest ticket of any update here. */
  newestTicket: Ticket = 0;
  /** Updates up to this ticket are durable although the journal is gone; later ones never will be, and are not shown. */
  goodUpTo: Ticket = Number.POSITIVE_INFINITY;
  #held = false;
  readonly #turns: Turns;

  constructor(init: {
    name: string;
    directory: string;
    guid: string;
    mirror: { name: string; database: string; failoverDB: boolean } | null;
    isRetained?: boolean;
    nodes: Database;
    turns: Turns;
  }) {
    this.#turns = init.turns;
    this.name = init.name;
    this.directory = init.directory;
    this.guid = init.guid;
    this.mirror = init.mirror;
    this.isRetained = init.isRetained ?? false;
    this.failoverDB = init.mirror?.failoverDB ?? false;
    this.nodes = init.nodes;
  }

  /**
   * Call before reading: all reads of one turn of the event loop share a view of the file, which makes each of them
   * cheaper by two locks of the operating system. Throws the reason when nobody may read it.
   */
  reading(): Database {
    if (this.readBar !== null) refuseIf(this.readBar);
    if (!this.#held) {
      this.#held = true;
      this.nodes.hold();
      this.#turns.atEndOfTurn(() => this.release());
    }
    return this.nodes;
  }

  /** Ends the view of this turn: before anything is made of a newer commit. */
  release(): void {
    if (!this.#held) return;
    this.#held = false;
    this.nodes.release();
  }

  get mirrored(): boolean {
    return this.mirror !== null;
  }

  /** Its file is fed by the mirror's journal; else by the local one. */
  get fedByMirror(): boolean {
    return this.failoverDB;
  }

  /** How records of the journal that feeds it name it: by its mirror database name, or its directory. */
  get journalName(): string {
    return this.fedByMirror && this.mirror !== null ? this.mirror.database : this.directory;
  }

  /** Throws when what depends on that ticket is nothing to show. */
  showing(ticket: Ticket): void {
    if (ticket > this.goodUpTo) {
      throw new GemelError(
        'DATABASE',
        `What was asked of the database ${this.name} includes updates that never became durable.`,
        'Everything acknowledged is in its journal.',
        'See messages.log, and restart the instance.',
      );
    }
  }

  writable(): JournalPort {
    refuseIf(this.bar);
    if (this.journal === null)
      throw new GemelError('PROTECT', `The database ${this.name} is read-only here.`, 'Nothing was changed.', 'Update it on the primary.');
    return this.journal;
  }
}

/**
 * A database as one operation of one session writes to it: every change is journaled with its before-image and gets
 * a ticket. `transaction` is 0 outside of one.
 */
export interface UpdateSink {
  update(database: OpenDatabase, key: Key, value: Bytes | undefined, old: Bytes | undefined): void;
}

export class SessionWriter implements NodeWriter {
  readonly #database: OpenDatabase;
  readonly #sink: UpdateSink;

  constructor(database: OpenDatabase, sink: UpdateSink) {
    this.#database = database;
    this.#sink = sink;
  }

  get(key: Key): Bytes | undefined {
    return this.#database.reading().get(key);
  }

  next(from: Key, end: Key, inclusive: boolean): Node | undefined {
    return this.#database.reading().next(from, end, inclusive);
  }

  previous(from: Key, start: Key): Node | undefined {
    return this.#database.reading().previous(from, start);
  }

  set(key: Key, value: Bytes): void {
    this.#sink.update(this.#database, key, value, this.#database.reading().get(key));
  }

  delete(key: Key): void {
    const old = this.#database.reading().get(key);
    if (old !== undefined) this.#sink.update(this.#database, key, undefined, old);
  }
}
