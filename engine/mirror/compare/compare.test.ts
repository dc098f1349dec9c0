import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { GemelError } from '../../api/errors.ts';
import { encodeKey, formatReference, type Bytes, type Key } from '../../globals/index.ts';
import { comparePositions } from '../../journal/index.ts';
import type { Position } from '../failover/index.ts';
import { compareDatabase } from './compare.ts';
import type { Side } from './side.ts';

type Content = Map<Key, Bytes>;
/** One update of the journal; null: the node goes away. */
type Update = readonly [key: Key, value: Bytes | null];

const at = (n: number): Position => ({ file: 1, offset: n });

/**
 * A copy that dejournals: each question lets it go on by some updates, unless it is held. `wrong` is what a fault has changed in it.
 * Positions are numbers of updates.
 */
class Copy implements Side {
  readonly content: Content;
  readonly #journal: readonly Update[];
  readonly #pace: () => number;
  applied = 0;
  #held: number | null = null;
  #pinned: Content = new Map();

  constructor(journal: readonly Update[], wrong: readonly Update[], pace: () => number) {
    this.content = new Map();
    this.#journal = journal;
    this.#pace = pace;
    for (const update of wrong) this.#apply(update);
  }

  #apply([key, value]: Update): void {
    if (value === null) this.content.delete(key);
    else this.content.set(key, value);
  }

  goTo(end: number): void {
    for (; this.applied < Math.min(end, this.#held ?? end, this.#journal.length); this.applied += 1)
      this.#apply(this.#journal[this.applied] as Update);
  }

  #tick(): void {
    if (this.#held === null) this.goTo(this.applied + this.#pace());
  }

  async hold(): Promise<Position> {
    this.#tick();
    this.#held = this.applied;
    return Promise.resolve(at(this.applied));
  }

  async pin(position: Position, keep: boolean): Promise<Position> {
    this.#tick();
    if (this.applied > position.offset && this.#held === null) this.#held = this.applied;
    else this.#held = position.offset;
    this.goTo(position.offset);
    if (comparePositions(at(this.applied), position) < 0) throw new GemelError('TIMEOUT', 'not there');
    this.#pinned = new Map([...this.content].sort(([a], [b]) => (a < b ? -1 : 1)));
    const pinned = at(this.applied);
    if (!keep) this.#held = null;
    return Promise.resolve(pinned);
  }

  #within(from: Key, to: Key | null): [Key, Bytes][] {
    this.#tick();
    return [...this.#pinned].filter(([key]) => key >= from && (to === null || key < to));
  }

  async leaves(from: Key, nodes: number, count: number) {
    const rest = this.#within(from, null);
    const leaves = [];
    for (let begin = 0; leaves.length < count; begin += nodes) {
      const to = rest[begin + nodes]?.[0] ?? null;
      leaves.push({ to, nodes: rest.slice(begin, begin + nodes).length, digest: JSON.stringify(rest.slice(begin, begin + nodes)) });
      if (to === null) break;
    }
    return Promise.resolve(leaves);
  }

  async digests(from: Key, ends: readonly (Key | null)[]) {
    let begin = from;
    return Promise.resolve(
      ends.map((to) => {
        const part = this.#within(begin, to);
        begin = to ?? begin;
        return { to, nodes: part.length, digest: JSON.stringify(part) };
      }),
    );
  }

  async nodes(from: Key, to: Key | null) {
    const all = this.#within(from, to);
    return Promise.resolve({ nodes: all.slice(0, 3), next: all[3]?.[0] ?? null });
  }

  async correct(position: Position, changes: readonly Update[]): Promise<void> {
    if (this.#held === null || comparePositions(at(this.applied), position) !== 0) throw new GemelError('TIMEOUT', 'gone on');
    for (const change of changes) this.#apply(change);
    return Promise.resolve();
  }

  async release(): Promise<void> {
    this.#held = null;
    return Promise.resolve();
  }

  close(): Promise<void> {
    return this.release();
  }
}

const key = (n: number): Key => encodeKey(n % 2 === 0 ? 'a' : 'b', [String(n)]);
const update = fc.tuple(fc.nat(30), fc.option(fc.constantFrom('x', 'y'))).map(([n, value]): Update => [key(n), value]);
const signal = new AbortController().signal;

/** Both at the end of the journal. */
function settled(...copies: Copy[]): void {
  for (const copy of copies) copy.goTo(Number.POSITIVE_INFINITY);
}

describe('a comparison', () => {
  const journals = fc.array(update, { maxLength: 120 });
  const paces = fc.infiniteStream(fc.nat(6));
  const sizes = fc.record({ leafNodes: fc.integer({ min: 1, max: 6 }), leaves: fc.integer({ min: 1, max: 4 }) });

  it('finds nothing in copies of one journal, wherever each of them is on the way', async () => {
    await fc.assert(
      fc.asyncProperty(journals, paces, sizes, async (journal, pace, size) => {
        const [first, second] = [0, 1].map(() => new Copy(journal, [], () => pace.next().value ?? 0)) as [Copy, Copy];
        const found = await compareDatabase({ first, second, repair: false, signal, progress: () => undefined, ...size });
        expect(found).toMatchObject({ different: 0, ranges: [], repaired: 0 });
      }),
    );
  });

  it('finds exactly what a fault has left different, and repairs it while both go on', async () => {
    await fc.assert(
      fc.asyncProperty(journals, fc.array(update, { maxLength: 12 }), paces, sizes, async (journal, wrong, pace, size) => {
        const [first, second] = [[], wrong].map((faults) => new Copy(journal, faults, () => pace.next().value ?? 0)) as [Copy, Copy];
        const options = { first, second, signal, progress: () => undefined, ...size };
        await compareDatabase({ ...options, repair: true });
        settled(first, second);
        expect(second.content).toEqual(first.content);
        expect(await compareDatabase({ ...options, repair: false })).toMatchObject({ different: 0, nodes: first.content.size });
      }),
    );
  });

  it('names what differs by its references, neighbours together', async () => {
    const journal = Array.from({ length: 20 }, (_, n): Update => [encodeKey('x', [String(n)]), 'v']);
    const copies = [0, 1].map(() => new Copy(journal, [], () => 0)) as [Copy, Copy];
    settled(...copies);
    const [first, second] = copies;
    for (const n of [3, 4, 5, 8]) second.content.delete(encodeKey('x', [String(n)]));
    second.content.set(encodeKey('x', ['9']), 'other');
    second.content.set(encodeKey('y', []), 'new');
    const found = await compareDatabase({ first, second, repair: false, signal, progress: () => undefined, leafNodes: 2, leaves: 3 });
    expect(found).toEqual({
      position: at(20),
      nodes: 20,
      different: 6,
      repaired: 0,
      ranges: [
        { kind: 'missing', from: '^x(3)', to: '^x(5)', nodes: 3 },
        { kind: 'missing', from: '^x(8)', to: '^x(8)', nodes: 1 },
        { kind: 'value', from: '^x(9)', to: '^x(9)', nodes: 1 },
        { kind: 'surplus', from: formatReference(null, encodeKey('y', [])), to: '^y', nodes: 1 },
      ],
    });
  });

  it('ends by itself when the two never stand at one position, and at once when it is cancelled', async () => {
    const copies = [0, 1].map(() => new Copy([], [], () => 0)) as [Copy, Copy];
    const [first, second] = copies;
    first.pin = () => Promise.reject(new GemelError('TIMEOUT', 'never'));
    const options = { first, second, repair: false, progress: () => undefined };
    await expect(compareDatabase({ ...options, signal })).rejects.toThrow('did not come to stand at one position');
    await expect(compareDatabase({ ...options, signal: AbortSignal.abort(new Error('enough')) })).rejects.toThrow('enough');
  });
});
