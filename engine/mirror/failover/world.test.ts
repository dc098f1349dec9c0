import fc from 'fast-check';
import { expect, test } from 'vitest';
import { anyStory, isWell, settle } from './testing/stories.ts';
import { World } from './testing/world.ts';

test('whatever happens: one primary at a time, nothing acknowledged is lost, and the mirror comes back to work', () => {
  const numRuns = Number(process.env['GEMEL_WORLD_RUNS'] ?? 60);
  const seed = process.env['GEMEL_WORLD_SEED'];
  fc.assert(anyStory, { numRuns, interruptAfterTimeLimit: 300_000, ...(seed === undefined ? {} : { seed: Number(seed) }) });
}, 600_000);

test('the model gets going: a mirror without faults is active and acknowledges', () => {
  const world = new World(1);
  world.startArbiter();
  settle(world);
  expect(isWell(world)).toBe(true);
});
