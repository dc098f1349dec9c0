import fc from 'fast-check';
import { expect, test } from 'vitest';
import { shrink } from './shrink.ts';

test('what is left still fails, and nothing of it can be left out', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.uniqueArray(fc.integer({ min: 0, max: 99 }), { maxLength: 30 }),
      fc.array(fc.nat(), { maxLength: 4 }),
      async (list, picks) => {
        const needed = list.length === 0 ? [] : picks.map((p) => list[p % list.length]);
        const fails = async (shorter: readonly number[]): Promise<boolean> => needed.every((n) => n !== undefined && shorter.includes(n));
        const left = await shrink(list, fails, 10_000);
        expect(new Set(left)).toEqual(new Set(needed));
      },
    ),
  );
});

test('it ends when the tries are used up', async () => {
  let runs = 0;
  await shrink(
    Array.from({ length: 50 }, (_, i) => i),
    async () => {
      runs += 1;
      return false;
    },
    7,
  );
  expect(runs).toBe(7);
});
