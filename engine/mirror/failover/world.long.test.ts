import fc from 'fast-check';
import { test } from 'vitest';
import { anyStory } from './testing/stories.ts';

/** GEMEL_WORLD_RUNS: how many stories; GEMEL_WORLD_SEED: those of this seed once more. */
const numRuns = Number(process.env['GEMEL_WORLD_RUNS'] ?? 1000);
const seed = process.env['GEMEL_WORLD_SEED'];

test('whatever happens: one primary at a time, nothing acknowledged is lost, and the mirror comes back to work', () => {
  fc.assert(anyStory, { numRuns, ...(seed === undefined ? {} : { seed: Number(seed) }) });
});
