import { Worker } from 'node:worker_threads';
import { assert } from '../io/assert.ts';
import type { RunOptions } from './run.ts';
import type { SeedResult } from './result.ts';

/** What a worker gets, and what it says for each seed and at its end. */
export interface WorkerOrder {
  readonly options: RunOptions;
}

/** Seeds a worker is given at a time: few enough that all end together. */
const PORTION = 20;

/**
 * Runs seeds on several threads.
 * @param told called for each result, in the order in which they come
 * @param goesOn asked before more seeds are given out
 */
export async function runSeeds(
  seeds: { readonly first: number; readonly count: number },
  options: RunOptions,
  threads: number,
  told: (result: SeedResult) => void,
  goesOn: () => boolean = () => true,
): Promise<void> {
  let next = seeds.first;
  const end = seeds.first + seeds.count;
  const portion = (): number[] => {
    const from = next;
    if (!goesOn()) return [];
    next = Math.min(end, from + PORTION);
    return Array.from({ length: next - from }, (_, i) => from + i);
  };
  const count = Math.max(1, Math.min(threads, Math.ceil(seeds.count / PORTION)));
  await Promise.all(Array.from({ length: count }, () => runWorker(options, portion, told)));
}

function runWorker(options: RunOptions, portion: () => number[], told: (result: SeedResult) => void): Promise<void> {
  return new Promise((resolve, reject) => {
    const worker = new Worker(new URL('./pool-thread.ts', import.meta.url), { workerData: { options } satisfies WorkerOrder });
    let left = 0;
    const give = (): void => {
      const seeds = portion();
      left = seeds.length;
      worker.postMessage(seeds);
    };
    worker.on('message', (result: SeedResult) => {
      told(result);
      left -= 1;
      assert(left >= 0, 'one result for each seed');
      if (left === 0) give();
    });
    worker.on('error', reject);
    worker.on('exit', (code) => (code === 0 ? resolve() : reject(new Error(`a simulator thread ended with ${code}`))));
    give();
  });
}
