import { expect, test } from 'vitest';
import { Gathering } from './gathering.ts';

test('a single client never waits', () => {
  const gathering = new Gathering();
  gathering.begin();
  expect(gathering.isEnough(1, 100)).toBe(true);
  gathering.durable(1, 0);
  gathering.begin();
  expect(gathering.isEnough(1, 100)).toBe(true);
});

test('a block waits for as many records as the last one had and those that came meanwhile', () => {
  const gathering = new Gathering();
  gathering.durable(10, 5);
  gathering.begin();
  expect(gathering.isEnough(14, 1000)).toBe(false);
  expect(gathering.isEnough(15, 1100)).toBe(true);
});

test('clients that do not come back hold nobody up for more than a few turns, and only once', () => {
  const gathering = new Gathering();
  gathering.durable(50, 0);
  gathering.begin();
  const turns = Array.from({ length: 6 }, () => gathering.isEnough(1, 100));
  expect(turns).toEqual([false, false, false, false, false, true]);
  gathering.durable(1, 0);
  gathering.begin();
  expect(gathering.isEnough(1, 100)).toBe(true);
});

test('much is written at once', () => {
  const gathering = new Gathering();
  gathering.durable(1000, 0);
  gathering.begin();
  expect(gathering.isEnough(10, 64 * 1024)).toBe(true);
});
