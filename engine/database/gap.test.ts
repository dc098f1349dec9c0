import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Gap } from './gap.ts';

const letters = 'abcdefghijklmnop';
const letter = fc.constantFrom(...letters);

/** Every letter that the gap says is passed over from some letter, forward or backward. */
function claimed(gap: Gap): string[] {
  return [...letters].flatMap((k) => {
    const [from, to] = [gap.backward(k), gap.forward(k)];
    return [...letters].filter((skipped) => (k <= skipped && skipped < to) || (from <= skipped && skipped < k));
  });
}

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
        expect(claimed(gap).filter((letter) => !empty.has(letter))).toEqual([]);
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
