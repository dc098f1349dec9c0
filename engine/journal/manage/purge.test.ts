import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { KeepReason } from '../../api/journals.ts';
import { decidePurge, type PurgeFile, type PurgeNeed } from './purge.ts';

const day = 86_400_000;
const lacks: KeepReason = { code: 'async', text: 'C lacks it' };

/** Files 3, 4, 5 ..., one begun each day, each 10,000 bytes long; the last one is in use. */
function filesOf(count: number): PurgeFile[] {
  return Array.from({ length: count }, (_, i) =>
    i === count - 1
      ? { number: i + 3, closedMs: null, closedLength: null }
      : { number: i + 3, closedMs: (i + 1) * day, closedLength: 10_000 },
  );
}

function purged(files: readonly PurgeFile[], needs: readonly PurgeNeed[], days: number | null, now: number): number[] {
  return decidePurge(files, needs, { days }, now)
    .filter(({ kept }) => kept.length === 0)
    .map(({ number }) => number);
}

describe('what may be purged', () => {
  it('is what is old enough and nobody needs', () => {
    expect(purged(filesOf(5), [], 2, 5 * day)).toEqual([3, 4, 5]);
    expect(purged(filesOf(5), [{ from: { file: 5, offset: 4096 }, reason: lacks }], 2, 5 * day)).toEqual([3, 4]);
  });

  it('includes a file whose very end is needed: that is the beginning of the next one', () => {
    expect(purged(filesOf(5), [{ from: { file: 4, offset: 10_000 }, reason: lacks }], 0, 9 * day)).toEqual([3, 4]);
    expect(purged(filesOf(5), [{ from: { file: 4, offset: 9_999 }, reason: lacks }], 0, 9 * day)).toEqual([3]);
  });

  it('never includes the file in use, and nothing when a need is not known', () => {
    expect(purged(filesOf(1), [], 0, 99 * day)).toEqual([]);
    expect(purged(filesOf(4), [{ from: null, reason: lacks }], 0, 99 * day)).toEqual([]);
  });

  it('is nothing without an age, and nothing that a clock set back makes younger than new', () => {
    expect(purged(filesOf(4), [], null, 99 * day)).toEqual([]);
    expect(purged(filesOf(4), [], 0, 0)).toEqual([]);
  });

  it('leaves no gap: behind a kept file all are kept, and say so', () => {
    const [old, ...others] = filesOf(4);
    const files = [{ ...(old as PurgeFile), closedMs: 50 * day }, ...others];
    expect(decidePurge(files, [], { days: 2 }, 40 * day).map(({ kept }) => kept.map(({ code }) => code))).toEqual([
      ['setting'],
      ['older'],
      ['older'],
      ['in-use'],
    ]);
  });

  it('is the same as what a look at every byte says', () => {
    const place = fc.record({ file: fc.integer({ min: 1, max: 12 }), offset: fc.integer({ min: 0, max: 12_000 }) });
    const age = fc.option(fc.integer({ min: 0, max: 9 }));
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 8 }),
        fc.array(fc.option(place, { freq: 9 })),
        age,
        fc.integer({ min: 0, max: 12 }),
        (count, froms, days, now) => {
          const files = filesOf(count);
          const needs = froms.map((from) => ({ from, reason: lacks }));
          const expected: number[] = [];
          for (const file of files) {
            // Some byte of it, from its beginning to the one before its end, lies at or behind what somebody needs.
            const bytes = [0, 4096, 5000, 9_998, 9_999, ...froms.flatMap((from) => (from === null ? [] : [from.offset]))];
            const inIt = bytes.filter((offset) => offset < (file.closedLength ?? Number.POSITIVE_INFINITY));
            const isNeeded = froms.some(
              (from) =>
                from === null || inIt.some((offset) => file.number > from.file || (file.number === from.file && offset >= from.offset)),
            );
            if (isNeeded || days === null || file.closedMs === null || now * day < file.closedMs + days * day) break;
            expected.push(file.number);
          }
          expect(purged(files, needs, days, now * day)).toEqual(expected);
        },
      ),
    );
  });
});
