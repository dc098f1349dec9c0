import { currentProcess } from '../io/index.ts';
import { asyncs } from './asyncs.ts';
import { knownFailures } from './known-failures.ts';
import { outages } from './outages.ts';
import { roles } from './roles.ts';
import { rules } from './rules.ts';
import type { Scenario } from './staging.ts';

export const scenarios: readonly Scenario[] = [...knownFailures, ...outages, ...rules, ...asyncs, ...roles];

/** Plays it. Throws when something was not as it must be. */
export async function play(scenario: Scenario): Promise<void> {
  // Nobody handles it: as an exception, it ends the process that it happened in.
  const rejected = (error: unknown): void => currentProcess()?.fail(error);
  process.on('unhandledRejection', rejected);
  try {
    await scenario.play();
  } finally {
    process.off('unhandledRejection', rejected);
  }
}
