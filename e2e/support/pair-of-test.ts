import { onTestFinished } from 'vitest';
import { makePair, type Pair, type PairOptions } from './pair.ts';

/**
 * A pair for the test that runs, ended with it; its timeout is 1500 ms unless told otherwise.
 * @param finished of the test's context: tests that run side by side have to give it
 */
export async function pairOfTest(options: PairOptions = {}, finished: typeof onTestFinished = onTestFinished): Promise<Pair> {
  const pair = await makePair({ qosMs: 1500, ...options });
  finished(() => pair.stop());
  return pair;
}
