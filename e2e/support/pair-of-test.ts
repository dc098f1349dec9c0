import { onTestFinished } from 'vitest';
import { makePair, type Pair, type PairOptions } from './pair.ts';

/** A pair for the test that runs, ended with it; its timeout is 1500 ms unless told otherwise. */
export async function pairOfTest(options: PairOptions = {}): Promise<Pair> {
  const pair = await makePair({ qosMs: 1500, ...options });
  onTestFinished(() => pair.stop());
  return pair;
}
