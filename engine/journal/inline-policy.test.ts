import { expect, test } from 'vitest';
import { InlinePolicy } from './inline-policy.ts';

const small = 1000;

function syncs(policy: InlinePolicy, count: number, ms: number, length = small): void {
  for (let i = 0; i < count; i++) policy.synced(length, ms);
}

test('a disk has to show that it is quick before the executor waits for it', () => {
  const policy = new InlinePolicy();
  expect(policy.allows(small)).toBe(false);
  syncs(policy, 100, 0.2);
  expect(policy.allows(small)).toBe(true);
});

test('a slow disk is left to the thread', () => {
  const policy = new InlinePolicy();
  syncs(policy, 1000, 4);
  expect(policy.allows(small)).toBe(false);
});

test('one long sync sends the disk back to the thread until it is quick again', () => {
  const policy = new InlinePolicy();
  syncs(policy, 100, 0.2);
  policy.synced(small, 50);
  expect(policy.allows(small)).toBe(false);
  syncs(policy, 5, 0.2);
  expect(policy.allows(small)).toBe(false);
  syncs(policy, 60, 0.2);
  expect(policy.allows(small)).toBe(true);
});

test('a few milliseconds once in a while change nothing', () => {
  const policy = new InlinePolicy();
  syncs(policy, 100, 0.2);
  policy.synced(small, 5);
  expect(policy.allows(small)).toBe(true);
});

test('long blocks go to the thread and say nothing about the disk', () => {
  const policy = new InlinePolicy();
  syncs(policy, 100, 0.2);
  expect(policy.allows(1_000_000)).toBe(false);
  syncs(policy, 100, 30, 1_000_000);
  expect(policy.allows(small)).toBe(true);
});
