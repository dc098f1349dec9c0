import { GemelError } from '../api/errors.ts';
import { isWithin, lowerBound, nameOf, type Bytes, type Key } from '../globals/index.ts';
import { assert } from '../io/assert.ts';

/** Shared locks of several owners go together; an exclusive one goes with nothing of another owner. */
export type LockMode = 'S' | 'X';

/** What is locked: a node and everything below it. */
export interface LockPlace {
  readonly database: string;
  readonly key: Key;
}

/** A request that was not granted at once. */
export interface LockWait {
  /** Gives up. Without effect after the grant. */
  cancel(): void;
}

export interface LockLimits {
  /** Locked places over all owners; a count of one more on a place already held is free. */
  readonly held: number;
  readonly waiting: number;
}

const DEFAULT_LIMITS: LockLimits = { held: 1_000_000, waiting: 20_000 };

/** One owner's locks on one place. */
interface Holding {
  readonly owner: number;
  readonly shared: number;
  readonly exclusive: number;
}

interface Waiter {
  readonly owner: number;
  readonly key: Key;
  readonly mode: LockMode;
  readonly granted: () => void;
}

/** All locks below one global of one database; places of different globals never meet. */
interface Tree {
  /** Locked keys in order. */
  keys: Key[];
  holdings: Map<Key, Holding[]>;
  /** In the order of asking. */
  waiters: Waiter[];
}

interface Owner {
  /** Keys held, by tree. */
  readonly holds: Map<string, Set<Key>>;
  /** The tree in whose queue the owner stands. */
  waitsIn: string | undefined;
}

/**
 * The advisory locks of an instance: on nodes whether they exist or not, hierarchical (a lock on a node conflicts with
 * locks of other owners on its ancestors and descendants), counted, shared or exclusive, granted in the order of asking.
 *
 * An owner never conflicts with itself, and does not queue behind a request that waits for one of its own locks (else
 * taking a second lock would hang as soon as somebody waits for the first). Owners that wait for each other in a cycle
 * are not detected: a timeout of one of them ends it, as in the globals world.
 *
 * An owner waits for at most one lock at a time.
 */
export class LockTable {
  readonly #limits: LockLimits;
  readonly #trees = new Map<string, Tree>();
  readonly #owners = new Map<number, Owner>();
  #held = 0;
  #waiting = 0;

  constructor(limits: LockLimits = DEFAULT_LIMITS) {
    this.#limits = limits;
  }

  /** Places held, over all owners. */
  get heldCount(): number {
    return this.#held;
  }

  get waitingCount(): number {
    return this.#waiting;
  }

  /** Takes the lock if that is possible at once. Throws BUSYLOCK when the table is full. */
  tryLock(owner: number, place: LockPlace, mode: LockMode): boolean {
    const id = treeId(place);
    const tree = this.#trees.get(id);
    if (tree !== undefined && !this.#isFree(id, tree, { owner, key: place.key, mode }, tree.waiters.length)) return false;
    if (this.#held >= this.#limits.held) throw busy(`The lock table holds ${this.#held} locks and is full.`);
    this.#grant(id, owner, place.key, mode);
    return true;
  }

  /**
   * Queues for the lock; `granted` is called, once, by the release that makes way, on that caller's stack. Call
   * `tryLock` first. Throws BUSYLOCK when too many wait already.
   */
  wait(owner: number, place: LockPlace, mode: LockMode, granted: () => void): LockWait {
    if (this.#waiting >= this.#limits.waiting) throw busy(`${this.#waiting} sessions wait for locks, which is as many as may.`);
    const id = treeId(place);
    const tree = this.#tree(id);
    const asking = this.#owner(owner);
    const waiter: Waiter = { owner, key: place.key, mode, granted };
    assert(asking.waitsIn === undefined, 'an owner waits for one lock at a time');
    assert(!this.#isFree(id, tree, waiter, tree.waiters.length), 'a lock that is free is taken, not waited for');
    tree.waiters.push(waiter);
    asking.waitsIn = id;
    this.#waiting++;
    return { cancel: () => this.#cancel(id, waiter) };
  }

  /** Gives back one count of the owner's lock on exactly this place. Returns false when it holds none. */
  unlock(owner: number, place: LockPlace, mode: LockMode): boolean {
    const id = treeId(place);
    const tree = this.#trees.get(id);
    const before = tree === undefined ? undefined : holdingOf(tree, place.key, owner);
    if (tree === undefined || before === undefined || countOf(before, mode) === 0) return false;
    const step = mode === 'X' ? { exclusive: before.exclusive - 1 } : { shared: before.shared - 1 };
    this.#replace(id, tree, place.key, before, { ...before, ...step });
    this.#serve(id, tree);
    return true;
  }

  /** The owner's counts on exactly this place. */
  held(owner: number, place: LockPlace): { shared: number; exclusive: number } {
    const tree = this.#trees.get(treeId(place));
    const holding = tree === undefined ? undefined : holdingOf(tree, place.key, owner);
    return { shared: holding?.shared ?? 0, exclusive: holding?.exclusive ?? 0 };
  }

  /** The owner is gone: gives back all its locks and leaves the queue. */
  releaseAll(owner: number): void {
    const leaving = this.#owners.get(owner);
    if (leaving === undefined) return;
    const ids = new Set(leaving.holds.keys());
    if (leaving.waitsIn !== undefined) {
      ids.add(leaving.waitsIn);
      const queue = this.#tree(leaving.waitsIn).waiters;
      const at = queue.findIndex((w) => w.owner === owner);
      assert(at >= 0, 'a waiting owner stands in the queue');
      this.#dequeue(queue, at);
    }
    for (const [id, keys] of [...leaving.holds]) {
      const tree = this.#tree(id);
      for (const key of [...keys]) this.#replace(id, tree, key, holdingOf(tree, key, owner), { owner, shared: 0, exclusive: 0 });
    }
    for (const id of ids) this.#serve(id, this.#tree(id));
  }

  #cancel(id: string, waiter: Waiter): void {
    const tree = this.#trees.get(id);
    const at = tree?.waiters.indexOf(waiter) ?? -1;
    if (tree === undefined || at < 0) return;
    this.#dequeue(tree.waiters, at);
    this.#serve(id, tree);
  }

  #dequeue(queue: Waiter[], at: number): void {
    const [waiter] = queue.splice(at, 1);
    assert(waiter !== undefined, 'the index is inside the queue');
    this.#waiting--;
    this.#owner(waiter.owner).waitsIn = undefined;
    this.#forgetIdle(waiter.owner);
  }

  /** Grants what can be granted now, first come first served. */
  #serve(id: string, tree: Tree): void {
    const ready: Waiter[] = [];
    for (let at = 0; at < tree.waiters.length;) {
      const waiter = tree.waiters[at];
      assert(waiter !== undefined, 'the index is inside the queue');
      if (!this.#isFree(id, tree, waiter, at)) {
        at++;
        continue;
      }
      this.#dequeue(tree.waiters, at);
      this.#grant(id, waiter.owner, waiter.key, waiter.mode);
      ready.push(waiter);
    }
    if (tree.keys.length === 0 && tree.waiters.length === 0) this.#trees.delete(id);
    // last, because what they call may come back here
    for (const waiter of ready) waiter.granted();
  }

  /** Neither a holder nor an earlier request (one of the first `before` in the queue) stands in the way. */
  #isFree(id: string, tree: Tree, request: Request, before: number): boolean {
    if (isHeldAgainst(tree, request)) return false;
    const ahead = tree.waiters.slice(0, before);
    if (!ahead.some((w) => requestsConflict(w, request))) return true;
    if (!this.#owners.get(request.owner)?.holds.has(id)) return false;
    const own = waitingForOwner(tree, ahead, request.owner);
    return ahead.every((w, at) => own[at] === true || !requestsConflict(w, request));
  }

  #grant(id: string, owner: number, key: Key, mode: LockMode): void {
    const tree = this.#tree(id);
    const before = holdingOf(tree, key, owner);
    const was = before ?? { owner, shared: 0, exclusive: 0 };
    const step = mode === 'X' ? { exclusive: was.exclusive + 1 } : { shared: was.shared + 1 };
    this.#replace(id, tree, key, before, { ...was, ...step });
  }

  /** Puts `after` in the place of `before`; an entry without counts goes. */
  #replace(id: string, tree: Tree, key: Key, before: Holding | undefined, after: Holding): void {
    const holdings = (tree.holdings.get(key) ?? []).filter((h) => h !== before);
    const stays = after.shared + after.exclusive > 0;
    if (stays) holdings.push(after);
    if (holdings.length > 0) {
      if (!tree.holdings.has(key)) tree.keys.splice(lowerBound(tree.keys, key), 0, key);
      tree.holdings.set(key, holdings);
    } else if (tree.holdings.delete(key)) tree.keys.splice(lowerBound(tree.keys, key), 1);
    if (stays && before === undefined) this.#noteHeld(after.owner, id, key);
    if (!stays && before !== undefined) this.#noteReleased(after.owner, id, key);
  }

  #noteHeld(owner: number, id: string, key: Key): void {
    this.#held++;
    const { holds } = this.#owner(owner);
    const keys = holds.get(id);
    if (keys === undefined) holds.set(id, new Set([key]));
    else keys.add(key);
  }

  #noteReleased(owner: number, id: string, key: Key): void {
    this.#held--;
    const { holds } = this.#owner(owner);
    const keys = holds.get(id);
    assert(keys !== undefined && keys.delete(key), 'what an owner gives back it held');
    if (keys.size === 0) holds.delete(id);
    this.#forgetIdle(owner);
  }

  #owner(id: number): Owner {
    let owner = this.#owners.get(id);
    if (owner === undefined) this.#owners.set(id, (owner = { holds: new Map(), waitsIn: undefined }));
    return owner;
  }

  #forgetIdle(id: number): void {
    const owner = this.#owners.get(id);
    if (owner?.waitsIn === undefined && owner?.holds.size === 0) this.#owners.delete(id);
  }

  #tree(id: string): Tree {
    let tree = this.#trees.get(id);
    if (tree === undefined) this.#trees.set(id, (tree = { keys: [], holdings: new Map(), waiters: [] }));
    return tree;
  }
}

type Request = Pick<Waiter, 'owner' | 'key' | 'mode'>;

function countOf(holding: Holding, mode: LockMode): number {
  return mode === 'X' ? holding.exclusive : holding.shared;
}

function holdingOf(tree: Tree, key: Key, owner: number): Holding | undefined {
  return tree.holdings.get(key)?.find((h) => h.owner === owner);
}

function treeId(place: LockPlace): string {
  return `${place.database}\0${nameOf(place.key)}`;
}

function busy(what: string): GemelError {
  return new GemelError('BUSYLOCK', what, 'Nothing was locked.', 'Try again later.');
}

function isHeldAgainst(tree: Tree, request: Request): boolean {
  return someHolding(tree, request.key, (h) => h.owner !== request.owner && (request.mode === 'X' || h.exclusive > 0));
}

function requestsConflict(a: Request, b: Request): boolean {
  if (a.owner === b.owner || (a.mode === 'S' && b.mode === 'S')) return false;
  return isWithin(a.key, b.key) || isWithin(b.key, a.key);
}

/** For each request of the queue whether it waits, directly or through requests before it, for a lock that `owner` holds. */
function waitingForOwner(tree: Tree, queue: readonly Waiter[], owner: number): boolean[] {
  const waits: boolean[] = [];
  for (const [at, waiter] of queue.entries()) {
    const directly = someHolding(tree, waiter.key, (h) => h.owner === owner && (waiter.mode === 'X' || h.exclusive > 0));
    waits.push(directly || queue.slice(0, at).some((earlier, i) => waits[i] === true && requestsConflict(earlier, waiter)));
  }
  return waits;
}

/** Looks at the holdings on the key, its ancestors and its descendants until `test` is true for one. */
function someHolding(tree: Tree, key: Key, test: (holding: Holding) => boolean): boolean {
  const { keys, holdings } = tree;
  const matches = (held: Key): boolean => holdings.get(held)?.some(test) ?? false;
  const at = lowerBound(keys, key);
  for (let i = at; i < keys.length && isWithin(keys[i] ?? '', key); i++) if (matches(keys[i] ?? '')) return true;
  for (let i = at - 1; i >= 0;) {
    const held = keys[i] ?? '';
    if (isWithin(key, held)) {
      if (matches(held)) return true;
      i--;
    } else {
      // an ancestor before a key that is none is a prefix of what that key has in common with ours
      const common = key.slice(0, commonPrefix(held, key));
      const next = lowerBound(keys, common);
      i = keys[next] === common ? next : next - 1;
    }
  }
  return false;
}

function commonPrefix(a: Bytes, b: Bytes): number {
  let at = 0;
  while (at < a.length && at < b.length && a.charCodeAt(at) === b.charCodeAt(at)) at++;
  return at;
}
