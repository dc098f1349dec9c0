import { expect, test } from 'vitest';
import { runSeed } from './run.ts';

/** Few: thousands are a part of `npm test`, and `npm run sim -- --seeds N` runs as many as wanted. */
const SEEDS = 6;

test('seeds from 1 on: nothing acknowledged is lost, one primary at a time, and the mirror comes back to work', async () => {
  let operations = 0;
  let takeovers = 0;
  let rejected = 0;
  for (let seed = 1; seed <= SEEDS; seed += 1) {
    const result = await runSeed(seed, { profile: 'fast' });
    expect(`${seed} ${result.outcome === 'failed' ? result.why : ''}`).toBe(`${seed} `);
    if (result.outcome === 'rejected') rejected += 1;
    operations += result.operations;
    takeovers += result.takeovers;
  }
  expect(operations).toBeGreaterThan(SEEDS * 10);
  expect(takeovers).toBeGreaterThan(SEEDS);
  expect(rejected).toBeLessThan(SEEDS / 2);
});

test('the same seed gives the same run, another one another', async () => {
  const [one, again, other] = [
    await runSeed(3, { profile: 'fast' }),
    await runSeed(3, { profile: 'fast' }),
    await runSeed(4, { profile: 'fast' }),
  ];
  expect(again).toEqual(one);
  expect(other.hash).not.toBe(one.hash);
});

test('the slower profile runs the real databases', async () => {
  const result = await runSeed(3, { profile: 'real' });
  expect(result.outcome === 'failed' ? result.why : '').toBe('');
  expect(result.operations).toBeGreaterThan(0);
});
