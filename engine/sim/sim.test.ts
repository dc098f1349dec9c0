import { expect, test } from 'vitest';
import { runSeed } from './run.ts';
import { keptRuns } from './seeds.ts';

/** Bounded for every run of the unit tests; `npm run sim -- --seeds N` runs as many as wanted. */
const SEEDS = Number(process.env['GEMEL_SIM_SEEDS'] ?? 25);

test.each(keptRuns)('seed $seed: $why', async ({ seed, world, faults }) => {
  const result = await runSeed(seed, { profile: 'fast', world, faults });
  expect(result.why).toBe('');
});

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
  expect(rejected).toBeLessThan(SEEDS / 10);
}, 900_000);

test('the same seed gives the same run, another one another', async () => {
  const [one, again, other] = [
    await runSeed(3, { profile: 'fast' }),
    await runSeed(3, { profile: 'fast' }),
    await runSeed(4, { profile: 'fast' }),
  ];
  expect(again).toEqual(one);
  expect(other.hash).not.toBe(one.hash);
});

test.each([23, 24, 44])(
  'the faults that seed %i says bring about the same run, also one that came late since nobody had taken over',
  async (seed) => {
    const run = await runSeed(seed, { profile: 'fast' });
    expect(run.takeovers).toBeGreaterThan(0);
    expect((await runSeed(seed, { profile: 'fast', faults: run.faults })).hash).toBe(run.hash);
  },
);

test('the slower profile runs the real databases', async () => {
  const result = await runSeed(3, { profile: 'real' });
  expect(result.outcome === 'failed' ? result.why : '').toBe('');
  expect(result.operations).toBeGreaterThan(0);
});
