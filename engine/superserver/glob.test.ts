import fc from 'fast-check';
import { expect, test } from 'vitest';
import { glob } from './glob.ts';

test.each([
  ['h?llo', 'hello', true],
  ['h?llo', 'hllo', false],
  ['h*llo', 'heeeello', true],
  ['h[ae]llo', 'hallo', true],
  ['h[^e]llo', 'hello', false],
  ['h[a-c]llo', 'hbllo', true],
  ['a\\*b', 'a*b', true],
  ['a\\*b', 'axb', false],
  ['*', '', true],
  ['', 'a', false],
])('%j on %j: %s', (pattern, key, matches) => {
  expect(glob(pattern)(key)).toBe(matches);
});

test('stars and question marks as a regular expression has them', () => {
  const letters = fc.string({ unit: fc.constantFrom('a', 'b'), maxLength: 12 });
  const pattern = fc.string({ unit: fc.constantFrom('a', 'b', '*', '?'), maxLength: 8 });
  fc.assert(
    fc.property(pattern, letters, (p, key) => {
      const expression = new RegExp(`^${p.replaceAll('*', '.*').replaceAll('?', '.')}$`);
      expect(glob(p)(key)).toBe(expression.test(key));
    }),
  );
});
