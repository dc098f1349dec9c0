import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { JournalReach } from '../../../journal/index.ts';
import { nextSource } from './next-source.ts';

/** A journal told simply: the epochs it ran through, each with so many blocks. */
type Told = readonly { readonly who: string; readonly major: number; readonly blocks: number }[];

const START = 4096;

function sum(text: string): string {
  let value = 7;
  for (const c of text) value = (value * 31 + c.charCodeAt(0)) >>> 0;
  return value.toString(16).padStart(32, '0');
}

function reachOf(told: Told): JournalReach {
  const ends = told.map(({ blocks }, n) => ({
    position: { file: n + 1, offset: START + blocks * 100 },
    chain: sum(JSON.stringify(told.slice(0, n + 1))),
  }));
  const none = { position: { file: 0, offset: 0 }, chain: '0'.repeat(32) };
  const lineage = told.map(({ who, major }, n) => {
    const previous = ends[n - 1] ?? none;
    return {
      epoch: { major, minor: n + 1, member: who },
      first: { file: n + 1, offset: START },
      previousEnd: previous.position,
      previousChain: previous.chain,
    };
  });
  return { lineage, end: ends.at(-1) ?? none };
}

const blocksOf = (told: Told): string[] =>
  told.flatMap((e, n) => [`${n}${e.who}${e.major}`, ...Array.from({ length: e.blocks }, (_, b) => `${n}${e.who}${b}`)]);
const isBeginning = (a: Told, b: Told): boolean => blocksOf(a).every((block, n) => blocksOf(b)[n] === block);

const epoch = fc.record({ who: fc.constantFrom('A', 'B'), major: fc.constant(1), blocks: fc.nat({ max: 3 }) });
// They begin alike: members of one mirror.
const told = fc.array(epoch, { maxLength: 3 }).map((more): Told => [{ who: 'A', major: 1, blocks: 2 }, ...more]);

test('collecting ends with the longest history that continues the own one, whoever is asked in whatever order', () => {
  fc.assert(
    fc.property(told, fc.array(told, { maxLength: 4 }), (own, others) => {
      let mine = own;
      for (let rounds = 0; ; rounds += 1) {
        const offers = others.map((other, n) => ({ member: String(n), reach: reachOf(other) }));
        const source = nextSource(reachOf(mine), offers);
        if (source === null) break;
        const next = others[Number(source.member)] ?? [];
        expect(isBeginning(mine, next), 'what is here stays').toBe(true);
        expect(blocksOf(next).length).toBeGreaterThan(blocksOf(mine).length);
        mine = next;
        expect(rounds).toBeLessThan(10);
      }
      const continued = others.filter((other) => isBeginning(own, other));
      const epochs = Math.max(own.length, ...continued.map((other) => other.length));
      expect(mine.length, 'the highest epoch first').toBe(epochs);
      for (const other of others) if (isBeginning(mine, other)) expect(blocksOf(other)).toEqual(blocksOf(mine));
    }),
    { numRuns: 1000 },
  );
});

test('a history that has parted from this one is no source', () => {
  const own: Told = [{ who: 'A', major: 1, blocks: 5 }];
  const parted: Told = [
    { who: 'A', major: 1, blocks: 3 },
    { who: 'B', major: 1, blocks: 9 },
  ];
  expect(nextSource(reachOf(own), [{ member: 'B', reach: reachOf(parted) }])).toBeNull();
});
