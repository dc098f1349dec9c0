import type { Leaf, NodePage } from '../../database/index.ts';
import type { Bytes, Key } from '../../globals/index.ts';
import type { Position } from '../failover/index.ts';

/** One member's copy of a database, as a comparison uses it. All rejections are GemelErrors; TIMEOUT: it may work when tried again. */
export interface Side {
  /** Dejournaling stands still where it is, for some seconds at most. */
  hold(): Promise<Position>;
  /**
   * From now on all is read from the copy as it is at a position: `at`, or where it is already when that is later. Dejournaling goes on
   * at once, unless `keep`: then with `release`, and some seconds later by itself.
   */
  pin(at: Position, keep: boolean): Promise<Position>;
  /** The next `count` leaves of `nodes` nodes each; the last one of the database has no end. */
  leaves(from: Key, nodes: number, count: number): Promise<readonly Leaf[]>;
  /** Leaves with these ends. */
  digests(from: Key, ends: readonly (Key | null)[]): Promise<readonly Leaf[]>;
  nodes(from: Key, to: Key | null): Promise<NodePage>;
  /** While it is kept at `at`; null: there is no such node. */
  correct(at: Position, changes: readonly (readonly [key: Key, value: Bytes | null])[]): Promise<void>;
  release(): Promise<void>;
  /** Ends everything. Nothing else may be asked then. */
  close(): Promise<void>;
}
