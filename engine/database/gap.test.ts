import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Gap } from './gap.ts';

const letters = 'abcdefghijklmnop';
const letter = fc.constantFrom(...letters);

test('a gap never claims a stretch that was not added or that a set has cut', () => {
  const step = fc.oneof(
    { weight: 3, arbitrary: fc.tuple(letter, letter).map(([from, to]) => ({ from, to })) },
    { weight: 1, arbitrary: letter.map((set) => ({ set })) },
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 20 }), (steps) => {
      const gap = new Gap();
      const empty = new Set<string>();
      for (const s of steps) {
        if ('set' in s) {
          gap.cut(s.set);
          empty.delete(s.set);
        } else {
          gap.add(s.from, s.to);
          for (const k of letters) if (s.from <= k && k < s.to) empty.add(k);
        }
        for (const k of letters) {
          for (const skipped of letters) {
            if (k <= skipped && skipped < gap.forward(k)) expect(empty).toContain(skipped);
            if (gap.backward(k) <= skipped && skipped < k) expect(empty).toContain(skipped);
          }
        }
      }
    }),
    { numRuns: 500 },
  );
});

test('stretches that touch become one, in both directions', () => {
  const gap = new Gap();
  gap.add('c', 'e');
  gap.add('e', 'g');
  gap.add('a', 'c');
  expect([gap.forward('a'), gap.backward('g')]).toEqual(['g', 'a']);
  gap.cut('d');
  expect([gap.forward('a'), gap.forward('d'), gap.backward('g')]).toEqual(['d', 'd', 'g']);
});
