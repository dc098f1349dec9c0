import { GemelError } from '../../api/errors.ts';
import {
  data,
  encodeKey,
  formatReference,
  increment,
  isWithin,
  nodeKey,
  order,
  parseReference,
  prefixEnd,
  query,
  startKill,
  startMerge,
  SubtreeCursor,
  type Bytes,
  type Environment,
  type Key,
  type Steps,
} from '../../globals/index.ts';
import type { Session, Target, Ticket, Watch, Work } from '../session.ts';
import type { Executor } from './executor.ts';
import type { JournalPort } from './journal-port.ts';
import { SessionWriter, type OpenDatabase, type UpdateSink } from './open-database.ts';
import { Transaction } from './transaction.ts';
import { refuseIf } from './write-bar.ts';

/** A value is at most this long (the globals world's longest string). */
export const VALUE_MAX = 3_641_144;
/** Nodes a kill or merge handles in one turn of the event loop: well under a millisecond. */
const SLICE = 200;
const kvKey = encodeKey('KV', []);

/** A target as the executor made it. */
class Resolved implements Target {
  readonly database: OpenDatabase;
  readonly key: Key;
  readonly environment: Environment | null;

  constructor(database: OpenDatabase, key: Key, environment: Environment | null) {
    this.database = database;
    this.key = key;
    this.environment = environment;
  }
}

function resolved(target: Target): Resolved {
  if (!(target instanceof Resolved)) throw new GemelError('ERR', 'That reference belongs to another executor.');
  return target;
}

/** One client's view of the instance; see the interface for the contract. */
export class ExecutorSession implements Session, UpdateSink {
  readonly id: number;
  ticket: Ticket = 0;
  readonly #executor: Executor;
  #namespace: string;
  #default: OpenDatabase;
  #transaction: Transaction | null = null;
  /** Updates are recorded outside the transaction: what a rollback must not take back. */
  #outside = false;
  readonly #writers = new Map<OpenDatabase, SessionWriter>();

  constructor(executor: Executor, id: number, namespace: string) {
    this.#executor = executor;
    this.id = id;
    this.#namespace = namespace;
    this.#default = executor.namespaces.database(namespace);
  }

  get namespace(): string {
    return this.#namespace;
  }

  setNamespace(name: string): void {
    this.#default = this.#executor.namespaces.database(name.toUpperCase());
    this.#namespace = name.toUpperCase();
  }

  get level(): number {
    return this.#transaction?.levels.length ?? 0;
  }

  resolve(reference: Bytes): Target {
    const { environment, key } = parseReference(reference);
    return new Resolved(environment === null ? this.#current() : this.#executor.namespaces.locate(environment), key, environment);
  }

  resolveKv(key: Bytes): Target {
    return new Resolved(this.#current(), encodeKey('KV', [key]), null);
  }

  /** The namespace's database; looked up anew when it was unmounted and mounted again. */
  #current(): OpenDatabase {
    if (this.#executor.namespaces.isCurrent(this.#default)) return this.#default;
    this.#default = this.#executor.namespaces.database(this.#namespace);
    return this.#default;
  }

  #writer(database: OpenDatabase): SessionWriter {
    let writer = this.#writers.get(database);
    if (writer === undefined) {
      writer = new SessionWriter(database, this);
      this.#writers.set(database, writer);
    }
    return writer;
  }

  // ------------------------------------------------------------ reads

  get(target: Target): Bytes | undefined {
    const { database, key } = resolved(target);
    const ticket = database.nodes.ticketOf(nodeKey(key));
    database.showing(ticket);
    this.ticket = this.#executor.unlessDurable(ticket);
    return database.reading().get(key);
  }

  /** What was read may contain any update of the database so far. */
  #readWhole(database: OpenDatabase): void {
    database.showing(database.newestTicket);
    this.ticket = this.#executor.unlessDurable(database.newestTicket);
  }

  data(target: Target): 0 | 1 | 10 | 11 {
    const { database, key } = resolved(target);
    this.#readWhole(database);
    return data(database.reading(), key);
  }

  order(target: Target, direction: 1 | -1): Bytes {
    const { database, key } = resolved(target);
    this.#readWhole(database);
    return order(database.reading(), key, direction);
  }

  query(target: Target): Bytes {
    const { database, key, environment } = resolved(target);
    this.#readWhole(database);
    const node = query(database.reading(), key);
    return node === undefined ? '' : formatReference(environment, node.key);
  }

  scan(target: Target, cursor: Key, count: number): { nodes: { key: Key; reference: Bytes; value: Bytes }[]; cursor: Key } {
    const { database, key, environment } = resolved(target);
    nodeKey(key);
    this.#readWhole(database);
    if (cursor !== '' && !isWithin(cursor, key))
      throw new GemelError(
        'ERR',
        'That cursor does not belong to this reference.',
        'Nothing was changed.',
        'Begin again with an empty cursor.',
      );
    const nodes: { key: Key; reference: Bytes; value: Bytes }[] = [];
    let from = cursor === '' ? key : cursor;
    let inclusive = cursor === '';
    while (nodes.length < count) {
      const node = database.reading().next(from, prefixEnd(key), inclusive);
      if (node === undefined) return { nodes, cursor: '' };
      nodes.push({ key: node.key, reference: formatReference(environment, node.key), value: node.value });
      from = node.key;
      inclusive = false;
    }
    return { nodes, cursor: from };
  }

  countKv(): number {
    const database = this.#current();
    this.#readWhole(database);
    let n = 0;
    for (const cursor = new SubtreeCursor(database.reading(), kvKey); cursor.next() !== undefined;) n++;
    return n;
  }

  // ------------------------------------------------------------ updates

  /** The one way every change goes: overlay, journal, undo. */
  update(database: OpenDatabase, key: Key, value: Bytes | undefined, old: Bytes | undefined): void {
    this.ticket = this.#executor.update(database, key, value, old, this.id, this.#outside ? null : this.#transaction);
  }

  set(target: Target, value: Bytes): void {
    const { database, key } = resolved(target);
    if (value.length > VALUE_MAX) {
      throw new GemelError(
        'MAXSTRING',
        `The value has ${value.length} bytes; ${VALUE_MAX} are allowed.`,
        'Nothing was changed.',
        'Split it over several nodes.',
      );
    }
    this.update(database, nodeKey(key), value, database.reading().get(key));
  }

  kill(target: Target): Work | undefined {
    const { database, key } = resolved(target);
    database.writable();
    this.#readWhole(database);
    // One node is its own transaction.
    if (database.reading().next(nodeKey(key), prefixEnd(key), false) === undefined) {
      this.#writer(database).delete(key);
      return undefined;
    }
    return this.#inSlices(startKill(this.#writer(database), key));
  }

  zkill(target: Target): void {
    const { database, key } = resolved(target);
    database.writable();
    this.#readWhole(database);
    this.#writer(database).delete(nodeKey(key));
  }

  increment(target: Target, by: Bytes): Bytes {
    const { database, key } = resolved(target);
    database.writable();
    this.#outside = true;
    try {
      return increment(this.#writer(database), nodeKey(key), by);
    } finally {
      this.#outside = false;
    }
  }

  merge(to: Target, from: Target): Work | undefined {
    const target = resolved(to);
    const source = resolved(from);
    target.database.writable();
    this.#readWhole(source.database);
    const reader = source.database === target.database ? this.#writer(target.database) : source.database.reading();
    return this.#inSlices(startMerge(this.#writer(target.database), target.key, reader, source.key));
  }

  /** The first slice runs at once; what is left comes back as work, in a transaction of its own so that a crash leaves all or nothing. */
  #inSlices(steps: Steps): Work | undefined {
    const before = this.ticket;
    this.tstart();
    const end = (): void => {
      const last = Math.max(before, this.ticket);
      this.tcommit();
      this.ticket = Math.max(last, this.ticket);
    };
    const step = (): boolean => {
      try {
        if (!steps.step(SLICE)) return false;
        end();
      } catch (error) {
        // Without one, the role was lost meanwhile, and the transaction with it.
        if (this.#transaction !== null) this.trollback(1);
        throw error;
      }
      return true;
    };
    return step() ? undefined : { step };
  }

  // ------------------------------------------------------------ transactions

  tstart(): number {
    this.#transaction ??= new Transaction(this.#executor.nextTransaction());
    this.#transaction.levels.push(this.#transaction.undo.length);
    return this.level;
  }

  tcommit(): number {
    const transaction = this.#open('committed');
    if (transaction.levels.length === 1) for (const port of transaction.journals) refuseIf(port.bar);
    transaction.levels.pop();
    if (transaction.levels.length > 0) return transaction.levels.length;
    this.#transaction = null;
    const ticket = this.#executor.commit(transaction, this.id);
    if (ticket !== 0) this.ticket = ticket;
    return 0;
  }

  trollback(levels: number): number {
    const transaction = this.#open('rolled back');
    if (levels > transaction.levels.length) {
      throw new GemelError(
        'TRANSACTION',
        `The transaction level is ${transaction.levels.length}; ${levels} levels cannot be rolled back.`,
        'Nothing was changed.',
        'Give fewer levels, or none for all.',
      );
    }
    const target = levels === 0 ? 0 : transaction.levels.length - levels;
    const mark = transaction.levels[target] ?? 0;
    transaction.levels.length = target;
    const ended = target === 0;
    if (ended) this.#transaction = null;
    const ticket = this.#executor.rollBack(transaction, mark, this.id, ended);
    if (ticket !== 0) this.ticket = ticket;
    return target;
  }

  #open(what: string): Transaction {
    if (this.#transaction === null)
      throw new GemelError(
        'TRANSACTION',
        `There is no open transaction that could be ${what}.`,
        'Nothing was changed.',
        'Start one with TSTART.',
      );
    return this.#transaction;
  }

  /** Whether an open transaction has changed the database. */
  holds(database: OpenDatabase): boolean {
    return this.#transaction?.undo.some((undo) => undo.database === database) ?? false;
  }

  watch(target: Target): Watch {
    const { database, key } = resolved(target);
    return this.#executor.watches.add(database, key);
  }

  close(): void {
    if (this.#transaction !== null) this.trollback(0);
    this.#executor.closed(this);
  }

  /** That database is replaced: an open transaction that has changed it is undone. @returns whether there was one */
  abandonOver(database: OpenDatabase): boolean {
    if (this.#transaction?.undo.some((undo) => undo.database === database) !== true) return false;
    this.trollback(0);
    return true;
  }

  /** The journal is gone: what an open transaction has changed through it is no longer this member's to undo; the rest is undone. */
  abandon(port: JournalPort): void {
    const transaction = this.#transaction;
    if (transaction === null || !transaction.journals.delete(port)) return;
    this.#transaction = null;
    this.#executor.rollBack(transaction, 0, this.id, true);
  }
}
