import { test } from 'vitest';
import { coreScenarios } from './core-scenarios.ts';

test.each(coreScenarios)('$name', async (scenario) => {
  await scenario.play();
});
