import { expect, it } from 'vitest';
import { isDue, lastCompared } from './background.ts';

const DAY_MS = 86_400_000;

it('a copy is compared again after so many days, also when the clock was set back; a new one not at once', () => {
  const now = 100 * DAY_MS;
  expect(isDue(null, now, 7)).toBe(false);
  expect(isDue(now - 7 * DAY_MS + 1, now, 7)).toBe(false);
  expect(isDue(now - 7 * DAY_MS, now, 7)).toBe(true);
  expect(isDue(now + 1, now, 7)).toBe(true);
});

it('a damaged note of the last comparison counts as none', () => {
  expect(lastCompared('{"comparedMs":5}')).toBe(5);
  for (const text of ['', '{"compa', '{"comparedMs":"5"}']) expect(lastCompared(text)).toBeNull();
});
