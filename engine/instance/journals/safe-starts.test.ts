import fc from 'fast-check';
import { expect, it } from 'vitest';
import type { Position } from '../../journal/index.ts';
import { SafeStarts } from './safe-starts.ts';

const at = (offset: number): Position => ({ file: 1, offset });

it('knows nothing of a file that has been looked at once and whose disk has not said anything', () => {
  const starts = new SafeStarts();
  expect(starts.from('DB', { position: null, openStart: null, safe: null })).toBeNull();
  expect(starts.from('DB', { position: at(5), openStart: null, safe: null })).toBeNull();
  // Nothing has been committed since: it is as it was opened.
  expect(starts.from('DB', { position: at(5), openStart: null, safe: null })).toEqual(at(5));
});

it('goes back to the start of what is open', () => {
  const starts = new SafeStarts();
  expect(starts.from('DB', { position: at(9), openStart: at(2), safe: at(9) })).toEqual(at(2));
});

it('forgets a file that was made anew', () => {
  const starts = new SafeStarts();
  expect(starts.from('DB', { position: at(9), openStart: null, safe: at(9) })).toEqual(at(9));
  expect(starts.from('DB', { position: at(3), openStart: null, safe: at(2) })).toBeNull();
});

it('never says more than what a power failure at any moment leaves, whenever it is asked', () => {
  // A history of commits: where each stands, and how long the oldest transaction open there has been open.
  const commit = fc.record({
    by: fc.integer({ min: 1, max: 5 }),
    ends: fc.boolean(),
    begins: fc.boolean(),
    safe: fc.boolean(),
    asked: fc.boolean(),
  });
  fc.assert(
    fc.property(fc.array(commit, { minLength: 1, maxLength: 40 }), (commits) => {
      const starts = new SafeStarts();
      const open = new Map<number, number | null>();
      let position = 10;
      let safe: number | null = null;
      let openStart: number | null = null;
      for (const { by, ends, begins, safe: isSafe, asked } of commits) {
        if (ends) openStart = null;
        if (begins) openStart ??= position;
        position += by;
        open.set(position, openStart);
        if (isSafe) safe = position;
        if (!asked || safe === null) continue;
        const from = starts.from('DB', { position: at(position), openStart: openStart === null ? null : at(openStart), safe: at(safe) });
        const needed = open.get(safe) ?? safe;
        if (from !== null) expect(from.offset).toBeLessThanOrEqual(Math.min(needed, safe));
      }
    }),
  );
});
