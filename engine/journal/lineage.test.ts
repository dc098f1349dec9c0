import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { compareAge, compareJournals, continues, emptyReach, epochAt, isPrefixOf, type JournalReach } from './lineage.ts';
import { dataStart, type JournalEnd, type LineageEntry } from './types.ts';

/** A history told simply: who wrote how many blocks, one after the other, each in a file of its own. */
type History = readonly { readonly member: string; readonly major: number; readonly minor: number; readonly blocks: number }[];

function fingerprint(history: History, epochs: number, blocks: number): string {
  const told = JSON.stringify([
    history.slice(0, epochs).map((e) => [e.member, e.major, e.minor]),
    history.slice(0, epochs - 1).map((e) => e.blocks),
    blocks,
  ]);
  let sum = 7;
  for (const c of told) sum = (sum * 31 + c.charCodeAt(0)) >>> 0;
  return sum.toString(16).padStart(32, '0');
}

function endAfter(history: History, epochs: number, blocks: number): JournalEnd {
  return { position: { file: epochs, offset: dataStart + blocks * 100 }, chain: fingerprint(history, epochs, blocks) };
}

function reach(history: History): JournalReach {
  const last = history.at(-1);
  if (last === undefined) return emptyReach;
  const lineage = history.map(({ major, minor, member }, i): LineageEntry => {
    const before = history[i - 1];
    const previous = before === undefined ? emptyReach.end : endAfter(history, i, before.blocks);
    return {
      epoch: { major, minor, member },
      first: { file: i + 1, offset: dataStart },
      previousEnd: previous.position,
      previousChain: previous.chain,
    };
  });
  return { lineage, end: endAfter(history, history.length, last.blocks) };
}

const a = (minor: number, blocks: number): History[number] => ({ member: 'A', major: 1, minor, blocks });
const b = (minor: number, blocks: number): History[number] => ({ member: 'B', major: 1, minor, blocks });

describe('compareJournals', () => {
  test('the same', () => expect(compareJournals(reach([a(0, 5)]), reach([a(0, 5)])).kind).toBe('same'));
  test('one has nothing', () => {
    expect(compareJournals(reach([]), reach([a(0, 0)])).kind).toBe('prefix');
    expect(compareJournals(reach([a(0, 1)]), reach([])).kind).toBe('extension');
    expect(compareJournals(reach([]), reach([])).kind).toBe('same');
  });
  test('behind in the same epoch', () => {
    expect(compareJournals(reach([a(0, 3)]), reach([a(0, 5)])).kind).toBe('prefix');
    expect(compareJournals(reach([a(0, 5)]), reach([a(0, 3)])).kind).toBe('extension');
  });
  test('the old primary has exactly what the new one took over', () =>
    expect(compareJournals(reach([a(0, 5)]), reach([a(0, 5), b(1, 2)])).kind).toBe('prefix'));
  test('the old primary has a tail that the new one never had', () => {
    const relation = compareJournals(reach([a(0, 7)]), reach([a(0, 5), b(1, 2)]));
    expect(relation).toEqual({ kind: 'forked', fork: endAfter([a(0, 5)], 1, 5) });
  });
  test('both went on from the same place in epochs of their own', () => {
    const relation = compareJournals(reach([a(0, 5), a(1, 1)]), reach([a(0, 5), b(1, 2)]));
    expect(relation).toEqual({ kind: 'forked', fork: endAfter([a(0, 5)], 1, 5) });
  });
  test('different beginnings', () => expect(compareJournals(reach([a(0, 5)]), reach([b(0, 5)])).kind).toBe('unrelated'));
  test('one epoch with two histories', () => {
    const other = { ...reach([a(0, 5)]), end: { position: reach([a(0, 5)]).end.position, chain: 'f'.repeat(32) } };
    expect(compareJournals(reach([a(0, 5)]), other).kind).toBe('contradiction');
  });
  test('what one has forgotten of the oldest epochs does not matter', () => {
    const history = [a(0, 5), b(1, 2), a(2, 3), b(3, 1)];
    const full = reach(history);
    const short = { ...full, lineage: full.lineage.slice(2) };
    expect(compareJournals(full, short).kind).toBe('same');
    expect(compareJournals(short, reach(history.slice(0, 3))).kind).toBe('extension');
    expect(continues(short.lineage, full.lineage)).toBe(true);
  });
});

const epoch = fc.record({ member: fc.constantFrom('A', 'B'), blocks: fc.nat({ max: 4 }) });
const history = fc.array(epoch, { maxLength: 4 }).map((epochs): History => epochs.map((e, i) => ({ ...e, major: 1, minor: i })));

/** Written out block by block, in the order they were written. */
function blocks(told: History): string[] {
  return told.flatMap((e, i) => [`epoch ${i}${e.member}`, ...Array.from({ length: e.blocks }, (_, n) => `${i}${e.member}${n}`)]);
}

test('agrees with comparing block by block', () => {
  fc.assert(
    fc.property(history, history, (one, two) => {
      const [x, y] = [blocks(one), blocks(two)];
      let common = 0;
      while (common < x.length && common < y.length && x[common] === y[common]) common++;
      const relation = compareJournals(reach(one), reach(two));
      if (common === x.length) expect(relation.kind).toBe(common === y.length ? 'same' : 'prefix');
      else if (common === y.length) expect(relation.kind).toBe('extension');
      else if (common === 0) expect(relation.kind).toBe('unrelated');
      else {
        const shared = x.slice(0, common);
        const epochs = shared.filter((block) => block.startsWith('epoch')).length;
        expect(relation).toEqual({
          kind: 'forked',
          fork: endAfter(one.length >= epochs ? one : two, epochs, common - shared.findLastIndex((block) => block.startsWith('epoch')) - 1),
        });
      }
      expect(isPrefixOf(reach(one), reach(two))).toBe(common === x.length);
      const swapped = compareJournals(reach(two), reach(one)).kind;
      expect(swapped).toBe(relation.kind === 'prefix' ? 'extension' : relation.kind === 'extension' ? 'prefix' : relation.kind);
    }),
    { numRuns: 2000 },
  );
});

test('newer is the higher last epoch, then the position', () => {
  expect(compareAge(reach([a(0, 9)]), reach([a(0, 2), b(1, 0)]))).toBeLessThan(0);
  expect(compareAge(reach([a(0, 9)]), reach([a(0, 2)]))).toBeGreaterThan(0);
  expect(compareAge(reach([{ ...a(0, 1), major: 2 }]), reach([a(7, 9)]))).toBeGreaterThan(0);
  expect(compareAge(reach([]), reach([a(0, 0)]))).toBeLessThan(0);
  expect(compareAge(reach([]), reach([]))).toBe(0);
});

test('the epoch at a position', () => {
  const { lineage } = reach([a(0, 5), b(1, 2)]);
  expect(epochAt(lineage, { file: 1, offset: 4500 })?.epoch.member).toBe('A');
  expect(epochAt(lineage, { file: 2, offset: dataStart })?.epoch.member).toBe('B');
  expect(epochAt(lineage, { file: 0, offset: 0 })).toBeUndefined();
});
