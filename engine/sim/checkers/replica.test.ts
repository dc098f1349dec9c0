import { expect, test } from 'vitest';
import { differenceOf } from './replica.ts';

const content = (...nodes: [string, string][]): ReadonlyMap<string, string> => new Map(nodes);

test('contents differ by a value, a node that is missing, and one too many', () => {
  expect(differenceOf(content(['a', '1']), content(['a', '1']))).toBeNull();
  expect(differenceOf(content(['a', '2']), content(['a', '1']))).toMatch(/has 2 at "a" instead of 1/);
  expect(differenceOf(content(), content(['a', '1']))).toMatch(/has nothing at "a"/);
  expect(differenceOf(content(['a', '1'], ['b', '2']), content(['a', '1']))).toMatch(/2 nodes instead of 1/);
});
