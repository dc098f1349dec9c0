import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { encodeKey, type Key } from '../globals/index.ts';
import { LockTable, type LockMode, type LockPlace, type LockWait } from './locks.ts';

const at = (...subscripts: string[]): LockPlace => ({ database: 'USER', key: encodeKey('a', subscripts) });

describe('LockTable', () => {
  test('a lock on a node keeps others off its ancestors and descendants, not off its siblings', () => {
    const locks = new LockTable();
    expect(locks.tryLock(1, at('1'), 'X')).toBe(true);
    expect(locks.tryLock(2, at(), 'X')).toBe(false);
    expect(locks.tryLock(2, at('1', '2'), 'S')).toBe(false);
    expect(locks.tryLock(2, at('2'), 'X')).toBe(true);
    expect(locks.tryLock(2, { database: 'USER', key: encodeKey('ab', []) }, 'X')).toBe(true);
    expect(locks.tryLock(2, { database: 'OTHER', key: encodeKey('a', []) }, 'X')).toBe(true);
  });

  test('an ancestor is found behind many unrelated keys', () => {
    const locks = new LockTable();
    locks.tryLock(1, at('5'), 'X');
    for (let i = 0; i < 50; i++) locks.tryLock(3, at('4', String(i)), 'X');
    expect(locks.tryLock(2, at('5', '6', '7'), 'X')).toBe(false);
  });

  test('locks are counted', () => {
    const locks = new LockTable();
    locks.tryLock(1, at(), 'X');
    locks.tryLock(1, at(), 'X');
    expect(locks.unlock(1, at(), 'X')).toBe(true);
    expect(locks.tryLock(2, at(), 'S')).toBe(false);
    expect(locks.unlock(1, at(), 'X')).toBe(true);
    expect(locks.unlock(1, at(), 'X')).toBe(false);
    expect(locks.tryLock(2, at(), 'S')).toBe(true);
  });

  test('who waits is served in order, and a later shared request does not overtake an exclusive one', () => {
    const locks = new LockTable();
    const granted: number[] = [];
    locks.tryLock(1, at(), 'S');
    locks.wait(2, at(), 'X', () => granted.push(2));
    expect(locks.tryLock(3, at('1'), 'S')).toBe(false);
    locks.wait(3, at('1'), 'S', () => granted.push(3));
    locks.unlock(1, at(), 'S');
    expect(granted).toEqual([2]);
    locks.releaseAll(2);
    expect(granted).toEqual([2, 3]);
  });

  test('giving up lets those behind go on', () => {
    const locks = new LockTable();
    const granted: number[] = [];
    locks.tryLock(1, at(), 'S');
    const wait = locks.wait(2, at(), 'X', () => granted.push(2));
    locks.wait(3, at(), 'S', () => granted.push(3));
    wait.cancel();
    wait.cancel();
    expect(granted).toEqual([3]);
    expect(locks.waitingCount).toBe(0);
  });

  test('an owner does not queue behind one who waits for it, even through others', () => {
    const locks = new LockTable();
    locks.tryLock(1, at('1'), 'X');
    locks.wait(2, at(), 'X', () => undefined);
    locks.wait(3, at('2'), 'X', () => undefined);
    expect(locks.tryLock(1, at('2'), 'X')).toBe(true);
  });

  test('a full table and a full queue refuse with BUSYLOCK', () => {
    const locks = new LockTable({ held: 1, waiting: 1 });
    locks.tryLock(1, at('1'), 'X');
    expect(() => locks.tryLock(1, at('2'), 'X')).toThrow(expect.objectContaining({ code: 'BUSYLOCK' }));
    locks.wait(2, at('1'), 'X', () => undefined);
    expect(() => locks.wait(3, at('1'), 'X', () => undefined)).toThrow(expect.objectContaining({ code: 'BUSYLOCK' }));
  });
});

/** The rules written down as plainly as can be: lists, looked through from the beginning after every change. */
class NaiveLocks {
  held: { owner: number; path: string[]; mode: LockMode }[] = [];
  queue: { owner: number; path: string[]; mode: LockMode }[] = [];

  #clash(a: { owner: number; path: string[]; mode: LockMode }, b: { owner: number; path: string[]; mode: LockMode }): boolean {
    const common = Math.min(a.path.length, b.path.length);
    const related = a.path.slice(0, common).join() === b.path.slice(0, common).join();
    return a.owner !== b.owner && related && (a.mode === 'X' || b.mode === 'X');
  }

  #waitsFor(position: number, owner: number): boolean {
    const request = this.queue[position];
    if (request === undefined) return false;
    if (this.held.some((h) => h.owner === owner && this.#clash(h, request))) return true;
    return this.queue.some((q, i) => i < position && this.#clash(q, request) && this.#waitsFor(i, owner));
  }

  free(request: { owner: number; path: string[]; mode: LockMode }, before: number): boolean {
    if (this.held.some((h) => this.#clash(h, request))) return false;
    return !this.queue.some((q, i) => i < before && this.#clash(q, request) && !this.#waitsFor(i, request.owner));
  }

  serve(): void {
    for (let i = 0; i < this.queue.length;) {
      const request = this.queue[i];
      if (request !== undefined && this.free(request, i)) {
        this.queue.splice(i, 1);
        this.held.push(request);
      } else i++;
    }
  }
}

const path = fc.array(fc.constantFrom('1', '2', 'x'), { maxLength: 3 });
const step = fc.record({
  kind: fc.constantFrom('lock', 'lock', 'lock', 'unlock', 'unlock', 'cancel', 'leave'),
  owner: fc.integer({ min: 1, max: 5 }),
  mode: fc.constantFrom<LockMode>('S', 'X'),
  path,
});

test('does what the naive model does', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const locks = new LockTable();
      const naive = new NaiveLocks();
      const waits = new Map<number, LockWait>();
      for (const { kind, owner, mode, path: p } of steps) {
        const request = { owner, path: p, mode };
        const waiting = naive.queue.findIndex((q) => q.owner === owner);
        if (kind === 'leave') {
          locks.releaseAll(owner);
          waits.delete(owner);
          naive.held = naive.held.filter((h) => h.owner !== owner);
          naive.queue = naive.queue.filter((q) => q.owner !== owner);
        } else if (kind === 'cancel') {
          waits.get(owner)?.cancel();
          naive.queue = naive.queue.filter((q) => q.owner !== owner);
        } else if (waiting >= 0) {
          continue;
        } else if (kind === 'lock') {
          const expected = naive.free(request, naive.queue.length);
          expect(locks.tryLock(owner, at(...p), mode)).toBe(expected);
          if (expected) naive.held.push(request);
          else {
            naive.queue.push(request);
            waits.set(
              owner,
              locks.wait(owner, at(...p), mode, () => waits.delete(owner)),
            );
          }
        } else {
          const held = naive.held.findIndex((h) => h.owner === owner && h.mode === mode && h.path.join() === p.join());
          expect(locks.unlock(owner, at(...p), mode)).toBe(held >= 0);
          if (held >= 0) naive.held.splice(held, 1);
        }
        naive.serve();
        expect(locks.waitingCount).toBe(naive.queue.length);
        compareHoldings(locks, naive);
      }
      for (let owner = 1; owner <= 5; owner++) locks.releaseAll(owner);
      expect([locks.heldCount, locks.waitingCount]).toEqual([0, 0]);
    }),
    { numRuns: 500 },
  );
});

function compareHoldings(locks: LockTable, naive: NaiveLocks): void {
  const places = new Map<Key, { owner: number; path: string[] }[]>();
  for (const h of naive.held) {
    const key = encodeKey('a', h.path);
    places.set(key, [...(places.get(key) ?? []), h]);
  }
  let distinct = 0;
  for (const [key, holders] of places) {
    for (const owner of new Set(holders.map((h) => h.owner))) {
      distinct++;
      const count = (mode: LockMode): number =>
        naive.held.filter((h) => h.owner === owner && h.mode === mode && encodeKey('a', h.path) === key).length;
      expect(locks.held(owner, { database: 'USER', key })).toEqual({ shared: count('S'), exclusive: count('X') });
    }
  }
  expect(locks.heldCount).toBe(distinct);
}
