import type { Bytes, Key } from '../globals/bytes.ts';

/** Grows with every update and commit, over all journals of the instance; durable once `durableTicket >= ticket`. */
export type Ticket = number;

/** A reference resolved for one session: which database, which node. Opaque to callers but for `text`. */
export interface Target {
  readonly database: DatabaseHandle;
  readonly key: Key;
}

/** A database as the executor sees it. */
export interface DatabaseHandle {
  readonly name: string;
  readonly mirrored: boolean;
}

/** Work too long for one turn of the event loop: call `step` once a turn until it returns true. Nothing else of the session may run meanwhile. */
export interface Work {
  step(): boolean;
}

/** Marks a node for WATCH: `dirty` becomes true at its next change (or a change of any node a kill takes away). */
export interface Watch {
  readonly dirty: boolean;
  release(): void;
}

/**
 * One client's view of the instance. All calls are synchronous and run on the executor's thread; all throw
 * `GemelError` with a superserver code and change nothing when they do.
 */
export interface Session {
  /** Unique in the instance's life; written into journal records as the process. */
  readonly id: number;
  /** Current namespace. */
  readonly namespace: string;
  /** Throws NAMESPACE when there is none of that name. */
  setNamespace(name: string): void;
  /** Transaction level, 0 outside. */
  readonly level: number;
  /**
   * What a durable answer to the operation just done must wait for: an update's own ticket; for a read the newest
   * update that what it showed can contain (0 when all of it is durable already).
   */
  readonly ticket: Ticket;

  /** Parses `^name(subscripts)` with an optional extended reference. Throws SYNTAX, SUBSCRIPT, NAMESPACE, DATABASE. */
  resolve(reference: Bytes): Target;
  /** The node `^KV(key)` of the namespace. */
  resolveKv(key: Bytes): Target;

  get(target: Target): Bytes | undefined;
  /** 0 nothing, 1 a value, 10 descendants, 11 both. */
  data(target: Target): 0 | 1 | 10 | 11;
  /** The next (1) or previous (-1) subscript at the target's last level, '' at the end. */
  order(target: Target, direction: 1 | -1): Bytes;
  /** The next node in order as reference text in the form it was asked in, '' at the end. */
  query(target: Target): Bytes;
  /** Up to `count` descendants of `target` (the node itself included) after `cursor` (a key from the last call, '' to begin). */
  scan(target: Target, cursor: Key, count: number): { nodes: { key: Key; reference: Bytes; value: Bytes }[]; cursor: Key };
  /** Nodes below `^KV`, for DBSIZE. May count in steps. */
  countKv(): number;

  set(target: Target, value: Bytes): void;
  /** Node and descendants. A large subtree comes back as work still to do. */
  kill(target: Target): Work | undefined;
  /** The node alone, its descendants stay. */
  zkill(target: Target): void;
  /** Adds `by` (canonical number text, default 1) and returns the new value. Never rolled back, as in the globals world. */
  increment(target: Target, by: Bytes): Bytes;
  /** Copies the subtree at `from` onto `to`. */
  merge(to: Target, from: Target): Work | undefined;

  tstart(): number;
  /** Returns the new level; at 0 the transaction is committed and `ticket` stands for the commit. */
  tcommit(): number;
  /** Undoes `levels` levels, all when 0. Returns the new level. */
  trollback(levels: number): number;

  watch(target: Target): Watch;
  /** Ends the session: rolls back what is open. Locks are the lock table's business. */
  close(): void;
}

/** What the superserver needs of an instance. */
export interface Executor {
  open(namespace?: string): Session;
  readonly durableTicket: Ticket;
  /** The newest ticket given out. */
  readonly newestTicket: Ticket;
  /** Called after the durable ticket has grown, once a block. */
  onDurable(listener: () => void): void;
  /** Whether a durable read may be answered now (the read rule: a backup echoed something recent). */
  mayRead(): boolean;
  /** True while updates should wait because checkpointing is behind; `onDrain` fires when it ends. */
  readonly saturated: boolean;
  onDrain(listener: () => void): void;
  /** 'primary' also for an instance without a mirror. */
  role(): {
    role: 'primary' | 'backup' | 'async' | 'none';
    mirror: string | null;
    peers: { host: string; port: number; position: number }[];
  };
}
