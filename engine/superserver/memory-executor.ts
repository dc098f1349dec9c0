import { GemelError } from '../api/errors.ts';
import {
  SubtreeCursor,
  data,
  encodeKey,
  formatReference,
  increment,
  lowerBound,
  order,
  nodeKey,
  parseReference,
  prefixEnd,
  query,
  startKill,
  startMerge,
  type Bytes,
  type Key,
  type Node,
  type NodeWriter,
  type Steps,
} from '../globals/index.ts';
import type { DatabaseHandle, Executor, Session, Target, Ticket, Watch, Work } from '../instance/session.ts';

// For tests and the benchmark of this folder only: an executor on a map, whose durable ticket the test moves by hand.

const STEP_NODES = 100;

/** All nodes of the pretended instance. Keys are sorted when a scan asks for order. */
class Nodes implements NodeWriter {
  readonly values = new Map<Key, Bytes>();
  onChange: (key: Key, old: Bytes | undefined) => void = () => undefined;
  #sorted: Key[] | undefined;

  get(key: Key): Bytes | undefined {
    return this.values.get(key);
  }

  set(key: Key, value: Bytes): void {
    const old = this.values.get(key);
    if (old === undefined) this.#sorted = undefined;
    this.values.set(key, value);
    this.onChange(key, old);
  }

  delete(key: Key): void {
    const old = this.values.get(key);
    if (old === undefined) return;
    this.values.delete(key);
    this.#sorted = undefined;
    this.onChange(key, old);
  }

  next(from: Key, end: Key, inclusive: boolean): Node | undefined {
    const keys = this.#keys();
    let at = lowerBound(keys, from);
    if (!inclusive && keys[at] === from) at++;
    return this.#node(keys[at], (key) => key < end);
  }

  previous(from: Key, start: Key): Node | undefined {
    const keys = this.#keys();
    return this.#node(keys[lowerBound(keys, from) - 1], (key) => key >= start);
  }

  #node(key: Key | undefined, within: (key: Key) => boolean): Node | undefined {
    return key !== undefined && within(key) ? { key, value: this.values.get(key) ?? '' } : undefined;
  }

  #keys(): Key[] {
    return (this.#sorted ??= [...this.values.keys()].sort());
  }
}

export class MemoryExecutor implements Executor {
  readonly nodes = new Nodes();
  readonly sessions = new Set<MemorySession>();
  readonly watches = new Map<Key, Set<{ dirty: boolean }>>();
  durableTicket: Ticket = 0;
  newestTicket: Ticket = 0;
  saturated = false;
  readable = true;
  roleNow: ReturnType<Executor['role']> = { role: 'primary', mirror: null, peers: [] };
  /** Work of kills and merges is only done while this is true. */
  working = true;
  /** What the next update throws. */
  failure: unknown;
  readonly #durable: (() => void)[] = [];
  readonly #drain: (() => void)[] = [];
  readonly #automatic: boolean;
  #scheduled = false;
  #lastSession = 0;

  /** @param automatic updates become durable at the end of the turn; else with `settle` */
  constructor(automatic = true) {
    this.#automatic = automatic;
  }

  open(namespace = 'USER'): Session {
    const session = new MemorySession(this, ++this.#lastSession, namespace);
    this.sessions.add(session);
    return session;
  }

  /** Makes everything up to `ticket` durable. */
  settle(ticket = this.newestTicket): void {
    this.durableTicket = ticket;
    for (const listener of this.#durable) listener();
  }

  drain(): void {
    this.saturated = false;
    for (const listener of this.#drain) listener();
  }

  onDurable(listener: () => void): void {
    this.#durable.push(listener);
  }

  onDrain(listener: () => void): void {
    this.#drain.push(listener);
  }

  mayRead(): boolean {
    return this.readable;
  }

  role(): ReturnType<Executor['role']> {
    return this.roleNow;
  }

  /** A ticket for an update. */
  update(): Ticket {
    if (this.failure !== undefined) throw this.failure;
    if (this.roleNow.role !== 'primary')
      throw new GemelError('PROTECT', 'The database is read-only on this member.', 'Nothing was changed.');
    if (this.#automatic && !this.#scheduled) {
      this.#scheduled = true;
      setImmediate(() => {
        this.#scheduled = false;
        this.settle();
      });
    }
    return ++this.newestTicket;
  }

  changed(key: Key): void {
    for (const watch of this.watches.get(key) ?? []) watch.dirty = true;
  }
}

const DATABASE: DatabaseHandle = { name: 'USER', mirrored: true };

class MemorySession implements Session {
  readonly id: number;
  namespace: string;
  ticket: Ticket = 0;
  readonly #executor: MemoryExecutor;
  /** One list of undo steps for each transaction level. */
  readonly #undo: { key: Key; old: Bytes | undefined }[][] = [];

  constructor(executor: MemoryExecutor, id: number, namespace: string) {
    this.#executor = executor;
    this.id = id;
    this.namespace = namespace;
  }

  get level(): number {
    return this.#undo.length;
  }

  setNamespace(name: string): void {
    const folded = name.toUpperCase();
    if (folded !== 'USER' && folded !== 'OTHER')
      throw new GemelError('NAMESPACE', `There is no namespace ${folded}.`, 'Nothing was changed.', 'Choose another.');
    this.namespace = folded;
  }

  resolve(reference: Bytes): Target {
    return { database: DATABASE, key: parseReference(reference).key };
  }

  resolveKv(key: Bytes): Target {
    return { database: DATABASE, key: encodeKey(this.namespace === 'USER' ? 'KV' : 'KVother', [key]) };
  }

  get(target: Target): Bytes | undefined {
    this.#read();
    return this.#executor.nodes.get(nodeKey(target.key));
  }

  data(target: Target): 0 | 1 | 10 | 11 {
    this.#read();
    return data(this.#executor.nodes, target.key);
  }

  order(target: Target, direction: 1 | -1): Bytes {
    this.#read();
    return order(this.#executor.nodes, target.key, direction);
  }

  query(target: Target): Bytes {
    this.#read();
    const node = query(this.#executor.nodes, target.key);
    return node === undefined ? '' : formatReference(null, node.key);
  }

  scan(target: Target, cursor: Key, count: number): ReturnType<Session['scan']> {
    this.#read();
    const nodes: { key: Key; reference: Bytes; value: Bytes }[] = [];
    let at = this.#executor.nodes.next(cursor === '' ? target.key : cursor, prefixEnd(target.key), cursor === '');
    for (; at !== undefined && nodes.length < count; at = this.#executor.nodes.next(at.key, prefixEnd(target.key), false)) {
      nodes.push({ ...at, reference: formatReference(null, at.key) });
    }
    return { nodes, cursor: at === undefined ? '' : (nodes.at(-1)?.key ?? '') };
  }

  countKv(): number {
    this.#read();
    const cursor = new SubtreeCursor(this.#executor.nodes, encodeKey('KV', []));
    let count = 0;
    while (cursor.next() !== undefined) count++;
    return count;
  }

  set(target: Target, value: Bytes): void {
    this.#update(() => this.#executor.nodes.set(nodeKey(target.key), value));
  }

  kill(target: Target): Work | undefined {
    return this.#inSteps(startKill(this.#executor.nodes, target.key));
  }

  zkill(target: Target): void {
    this.#update(() => this.#executor.nodes.delete(nodeKey(target.key)));
  }

  increment(target: Target, by: Bytes): Bytes {
    this.ticket = this.#executor.update();
    const sum = increment(this.#executor.nodes, target.key, by);
    this.#executor.changed(target.key);
    return sum;
  }

  merge(to: Target, from: Target): Work | undefined {
    return this.#inSteps(startMerge(this.#executor.nodes, to.key, this.#executor.nodes, from.key));
  }

  tstart(): number {
    this.#undo.push([]);
    return this.level;
  }

  tcommit(): number {
    const undo = this.#undo.pop();
    if (undo === undefined) throw new GemelError('TRANSACTION', 'No transaction is open.', 'Nothing was changed.');
    this.#undo.at(-1)?.push(...undo);
    this.ticket = this.#executor.update();
    return this.level;
  }

  trollback(levels: number): number {
    if (this.level === 0) throw new GemelError('TRANSACTION', 'No transaction is open.', 'Nothing was changed.');
    for (let left = levels === 0 ? this.level : levels; left > 0; left--) {
      for (const { key, old } of (this.#undo.pop() ?? []).reverse()) {
        if (old === undefined) this.#executor.nodes.delete(key);
        else this.#executor.nodes.set(key, old);
      }
    }
    this.ticket = this.#executor.update();
    return this.level;
  }

  watch(target: Target): Watch {
    const { watches } = this.#executor;
    const watch = { dirty: false, release: () => watches.get(target.key)?.delete(watch) };
    const all = watches.get(target.key) ?? new Set();
    watches.set(target.key, all.add(watch));
    return watch;
  }

  close(): void {
    if (this.level > 0) this.trollback(0);
    this.#executor.sessions.delete(this);
  }

  #read(): void {
    const { newestTicket, durableTicket } = this.#executor;
    this.ticket = newestTicket > durableTicket ? newestTicket : 0;
  }

  #update(change: () => void): void {
    this.ticket = this.#executor.update();
    const { nodes } = this.#executor;
    const undo = this.#undo.at(-1);
    nodes.onChange = (key, old) => {
      undo?.push({ key, old });
      this.#executor.changed(key);
    };
    try {
      change();
    } finally {
      // else a rollback would go on noting its own steps, without end
      nodes.onChange = () => undefined;
    }
  }

  #inSteps(steps: Steps): Work | undefined {
    let done = false;
    const step = (): boolean => {
      if (this.#executor.working) this.#update(() => (done = steps.step(STEP_NODES)));
      return done;
    };
    return step() ? undefined : { step };
  }
}
