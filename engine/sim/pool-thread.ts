import { parentPort, workerData } from 'node:worker_threads';
import { assert } from '../io/assert.ts';
import type { WorkerOrder } from './pool.ts';
import { runSeed } from './run.ts';

/* One thread of the pool: runs the seeds it is given; an empty portion is the end. */

const { options } = workerData as WorkerOrder;
assert(parentPort !== null, 'this file runs as a worker thread');
const port = parentPort;

port.on('message', (seeds: number[]) => {
  if (seeds.length === 0) return port.close();
  void run(seeds);
});

async function run(seeds: readonly number[]): Promise<void> {
  for (const seed of seeds) port.postMessage(await runSeed(seed, options));
}
