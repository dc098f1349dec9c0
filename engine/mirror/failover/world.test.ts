import fc from 'fast-check';
import { expect, test } from 'vitest';
import { anyStory, isWell, settle } from './testing/stories.ts';
import { World } from './testing/world.ts';

test('a few stories: one primary at a time, nothing acknowledged is lost, and the mirror comes back to work', () => {
  fc.assert(anyStory, { numRuns: 15 });
});

test('the model gets going: a mirror without faults is active and acknowledges', () => {
  const world = new World(1);
  world.startArbiter();
  settle(world);
  expect(isWell(world)).toBe(true);
});
