import { test } from 'vitest';
import { play, scenarios } from './scenarios/index.ts';

test.each(scenarios)('$name', async (scenario) => {
  await play(scenario);
});
