import { GemelError } from '../../api/errors.ts';
import { mirrorPositionKey } from '../../database/index.ts';
import { assert } from '../../io/assert.ts';
import type { Bytes, Key } from '../../globals/index.ts';
import type { Executor as ExecutorFace, Ticket } from '../session.ts';
import { JournalPort } from './journal-port.ts';
import { preparedPayload } from './joint.ts';
import { Namespaces } from './namespaces.ts';
import type { OpenDatabase } from './open-database.ts';
import { ExecutorSession } from './session.ts';
import { TicketClock } from './ticket-clock.ts';
import type { Transaction, Undo } from './transaction.ts';
import { Watches } from './watches.ts';

/** What the mirror (or its absence) tells the executor. */
export interface RoleView {
  mayRead(): boolean;
  role(): ReturnType<ExecutorFace['role']>;
}

/** Of an instance that is in no mirror. */
export const unmirrored: RoleView = { mayRead: () => true, role: () => ({ role: 'primary', mirror: null, peers: [] }) };

/** Overlay bytes of all databases at which updates wait for the applier, and below which they go on. */
const OVERLAY_HIGH = 96 * 1024 * 1024;
const OVERLAY_LOW = 72 * 1024 * 1024;

/** What records of no session have in its place. */
const NO_SESSION = 0;

/** An update that came in the mirror's journal. */
export interface Dejournaled {
  readonly database: OpenDatabase;
  readonly key: Key;
  /** undefined: the node went away */
  readonly value: Bytes | undefined;
}

/** A transaction found open in a journal, with what undoes it, newest first. */
export interface FoundOpen {
  readonly transaction: number;
  readonly session: number;
  readonly undo: readonly Undo[];
}

/** A commit over both journals on its way (see joint.ts). */
interface JointCommit {
  readonly transaction: Transaction;
  readonly session: number;
  /** What its reply waits for. */
  readonly ticket: Ticket;
  readonly mirror: JournalPort;
  readonly local: JournalPort;
  /** The mirror's journal has taken the commit. */
  decided: boolean;
}

function databaseFull(database: OpenDatabase): GemelError {
  return new GemelError(
    'FILEFULL',
    `The database ${database.name} has reached its maximum size.`,
    'Nothing was changed.',
    'Raise its maximum size, or kill data that is no longer needed.',
  );
}

/**
 * The single thread that applies updates: overlay and journal in one turn, tickets for what must become durable.
 * It does no I/O but reads of database files.
 */
export class Executor implements ExecutorFace {
  readonly namespaces = new Namespaces();
  readonly watches = new Watches();
  readonly clock = new TicketClock();
  role_: RoleView = unmirrored;
  /** Updates counted since the start, for the figures. */
  updates = 0;
  readonly #sessions = new Set<ExecutorSession>();
  readonly #durable: (() => void)[] = [];
  readonly #drain: (() => void)[] = [];
  readonly #ports = new Set<JournalPort>();
  readonly #joint = new Set<JointCommit>();
  readonly #whenNoJoint: (() => void)[] = [];
  #nextSession = 1;
  #nextTransaction = 1;
  #saturated = false;

  // ------------------------------------------------------------ for the superserver

  open(namespace?: string): ExecutorSession {
    const session = new ExecutorSession(this, this.#nextSession, (namespace ?? 'USER').toUpperCase());
    this.#nextSession += 1;
    this.#sessions.add(session);
    return session;
  }

  closed(session: ExecutorSession): void {
    this.#sessions.delete(session);
  }

  get sessions(): number {
    return this.#sessions.size;
  }

  get durableTicket(): Ticket {
    return this.clock.durable;
  }

  get newestTicket(): Ticket {
    return this.clock.newest;
  }

  onDurable(listener: () => void): void {
    this.#durable.push(listener);
  }

  mayRead(): boolean {
    return this.role_.mayRead();
  }

  get saturated(): boolean {
    return this.#saturated;
  }

  onDrain(listener: () => void): void {
    this.#drain.push(listener);
  }

  role(): ReturnType<ExecutorFace['role']> {
    return this.role_.role();
  }

  // ------------------------------------------------------------ journals

  /** Journals are attached before the first update that goes to them. */
  attach(kind: 'mirror' | 'local', writer: ConstructorParameters<typeof JournalPort>[1]): JournalPort {
    const port = new JournalPort(kind, writer, this.clock, () => this.advance());
    this.#ports.add(port);
    return port;
  }

  /**
   * The journal is no longer written here: with the role, or because it cannot be. Open transactions and commits over it
   * end; what they changed elsewhere is undone. Cut the clients that wait for it before `advance` is called: nothing
   * tells their tickets from durable ones any more.
   */
  detach(port: JournalPort): void {
    if (!this.#ports.delete(port)) return;
    port.close();
    for (const session of this.#sessions) session.abandon(port);
    for (const commit of this.#joint) if (commit.mirror === port || (commit.local === port && !commit.decided)) this.#giveUp(commit, port);
  }

  /** Nobody learns the outcome of such a commit here. */
  #giveUp(commit: JointCommit, port: JournalPort): void {
    this.#endJoint(commit);
    // Without the local journal it can never be decided: undone in the mirror. Without the mirror's, the mirror decides.
    if (commit.local !== port) return;
    commit.transaction.journals.delete(port);
    this.rollBack(commit.transaction, 0, commit.session, true);
  }

  #endJoint(commit: JointCommit): void {
    this.#joint.delete(commit);
    this.clock.release(commit.ticket);
    if (this.#joint.size === 0) for (const then of this.#whenNoJoint.splice(0)) then();
  }

  /** Undoes open transactions that have changed the database. @returns how many: their clients are to be cut */
  abandonOver(database: OpenDatabase): number {
    return [...this.#sessions].filter((session) => session.abandonOver(database)).length;
  }

  /** How many open transactions, and commits over both journals that are under way, have changed the database. */
  holders(database: OpenDatabase): number {
    const open = [...this.#sessions].filter((session) => session.holds(database)).length;
    return open + [...this.#joint].filter(({ transaction }) => transaction.undo.some((undo) => undo.database === database)).length;
  }

  /** Resolves when no commit over both journals is under way. */
  jointSettled(): Promise<void> {
    return this.#joint.size === 0 ? Promise.resolve() : new Promise((resolve) => this.#whenNoJoint.push(resolve));
  }

  advance(): void {
    if (this.clock.advance()) for (const listener of this.#durable) listener();
    this.checkSaturation();
  }

  /** Called after the applier has caught up a piece, too. */
  checkSaturation(): void {
    let bytes = 0;
    for (const database of this.namespaces.all()) bytes += database.nodes.overlayBytes;
    const journals = [...this.#ports].some((port) => port.writer.saturated);
    const saturated = journals || bytes > (this.#saturated ? OVERLAY_LOW : OVERLAY_HIGH);
    if (saturated === this.#saturated) return;
    this.#saturated = saturated;
    if (!saturated) for (const listener of this.#drain) listener();
  }

  // ------------------------------------------------------------ for sessions

  /** A ticket to wait for, 0 when it is durable already. */
  unlessDurable(ticket: Ticket): Ticket {
    return ticket > this.clock.durable ? ticket : 0;
  }

  nextTransaction(): number {
    const id = this.#nextTransaction;
    this.#nextTransaction += 1;
    return id;
  }

  /** Puts one node's new value (undefined: killed) into overlay and journal. Throws before anything is changed. */
  update(
    database: OpenDatabase,
    key: Key,
    value: Bytes | undefined,
    old: Bytes | undefined,
    session: number,
    transaction: Transaction | null,
  ): Ticket {
    const port = database.writable();
    if (value !== undefined && database.nodes.full) throw databaseFull(database);
    if (transaction !== null && !transaction.journals.has(port)) {
      port.start(this.clock.next(), transaction.id, session);
      transaction.journals.add(port);
    }
    transaction?.undo.push({ database, key, old });
    return this.#write(port, database, key, value, old, transaction?.id ?? 0, session, false);
  }

  #write(
    port: JournalPort,
    database: OpenDatabase,
    key: Key,
    value: Bytes | undefined,
    old: Bytes | undefined,
    transaction: number,
    session: number,
    compensation: boolean,
  ): Ticket {
    const ticket = this.clock.next();
    if (value === undefined) database.nodes.delete(key, ticket);
    else database.nodes.set(key, value, ticket);
    database.newestTicket = ticket;
    port.update(ticket, database.journalNumber, key, value, old, transaction, session, compensation);
    this.updates += 1;
    this.watches.touch(database, key);
    return ticket;
  }

  /**
   * Takes what other members' clients have changed into databases that are also updated here: outside of any transaction and session,
   * and durable together. Before-images are left out, for it is never undone here. Throws before anything is changed.
   * @param bytes at least what the records take
   */
  dejournal(updates: readonly Dejournaled[], bytes: number): void {
    const databases = [...new Set(updates.map(({ database }) => database))];
    // What only frees room, or says how far a database is, is taken by a full one too.
    const adding = new Set(
      updates.flatMap(({ database, key, value }) => (value === undefined || key === mirrorPositionKey ? [] : database)),
    );
    const full = [...adding].find(({ nodes }) => nodes.full);
    if (full !== undefined) throw databaseFull(full);
    const [port, ...others] = new Set(databases.map((database) => database.writable()));
    assert(port !== undefined && others.length === 0, 'they are in one journal');
    const numbers = databases.map(({ journalNumber }) => journalNumber);
    port.together(bytes, numbers, () => {
      for (const { database, key, value } of updates) this.#write(port, database, key, value, undefined, 0, NO_SESSION, false);
    });
  }

  /**
   * Ends a transaction. One over both journals is decided by the mirror's: its commit is recorded there only after the
   * local journal has durably noted that it is prepared; until it is durable there too the commit's ticket is held back.
   */
  commit(transaction: Transaction, session: number): Ticket {
    const ports = [...transaction.journals];
    const mirror = ports.find((port) => port.kind === 'mirror');
    const local = ports.find((port) => port.kind === 'local');
    const ticket = ports.length === 0 ? 0 : this.clock.next();
    if (mirror === undefined || local === undefined) {
      ports[0]?.commit(ticket, transaction.id, session);
      return ticket;
    }
    local.prepare(this.clock.next(), preparedPayload(transaction.id, mirror.writer.epoch, mirror.writer.end));
    const joint: JointCommit = { transaction, session, ticket: this.clock.next(), mirror, local, decided: false };
    this.clock.hold(joint.ticket);
    this.#joint.add(joint);
    local.afterDurable(() => this.#decide(joint));
    return joint.ticket;
  }

  #decide(joint: JointCommit): void {
    const { mirror, local, transaction, session } = joint;
    if (!this.#joint.has(joint)) return;
    joint.decided = true;
    mirror.commit(this.clock.next(), transaction.id, session);
    mirror.afterDurable(() => {
      if (!this.#joint.has(joint)) return;
      if (this.#ports.has(local)) local.commit(this.clock.next(), transaction.id, session);
      this.#endJoint(joint);
      this.advance();
    });
  }

  /** Undoes a transaction's updates from `mark` on, newest first, with compensation records. */
  rollBack(transaction: Transaction, mark: number, session: number, ended: boolean): Ticket {
    let ticket = 0;
    while (transaction.undo.length > mark) {
      const undo = transaction.undo.pop();
      assert(undo !== undefined, 'an undo entry per update');
      ticket = this.#compensate(undo, transaction.id, session);
    }
    if (ended) {
      for (const port of transaction.journals) {
        ticket = this.clock.next();
        port.rollbackEnd(ticket, transaction.id, session);
      }
    }
    return ticket;
  }

  #compensate(undo: Undo, transaction: number, session: number): Ticket {
    const port = undo.database.journal;
    // The journal is gone with the role: the new primary rolls the transaction back.
    if (port === null || !this.#ports.has(port)) return 0;
    const now = undo.database.nodes.get(undo.key);
    if (now === undefined && undo.old === undefined) return 0;
    return this.#write(port, undo.database, undo.key, undo.old, now, transaction, session, true);
  }

  /** Numbers of transactions up to this one are taken. */
  transactionsBegin(above: number): void {
    this.#nextTransaction = Math.max(this.#nextTransaction, above + 1);
  }

  /** Rolls back what a journal held open when this member became the one to continue it. */
  rollBackFound(port: JournalPort, found: readonly FoundOpen[]): void {
    for (const open of found) {
      for (const undo of open.undo) this.#compensate(undo, open.transaction, open.session);
      port.rollbackEnd(this.clock.next(), open.transaction, open.session);
    }
  }

  /** Ends a transaction found prepared whose commit the mirror's journal holds. */
  commitFound(port: JournalPort, found: FoundOpen): void {
    port.commit(this.clock.next(), found.transaction, found.session);
  }
}
