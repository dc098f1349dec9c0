import { expect, test } from 'vitest';
import { runSeed } from './run.ts';
import { keptRuns } from './seeds.ts';

test.each(keptRuns)('seed $seed: $why', async ({ seed, world, faults }) => {
  const result = await runSeed(seed, { profile: 'fast', world, faults });
  // Another course of things may leave it with little to do: that is no failure.
  expect(result.outcome === 'failed' ? result.why : '').toBe('');
});

test.each([23, 24, 44])(
  'the faults that seed %i says bring about the same run, also one that came late since nobody had taken over',
  async (seed) => {
    const run = await runSeed(seed, { profile: 'fast' });
    expect(run.takeovers).toBeGreaterThan(0);
    expect((await runSeed(seed, { profile: 'fast', faults: run.faults })).hash).toBe(run.hash);
  },
);
