import { getPriority } from 'node:os';
import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';
import { expect, test } from 'vitest';

const thread = `
  const { readlinkSync } = require('node:fs');
  const { getPriority } = require('node:os');
  const { parentPort, workerData } = require('node:worker_threads');
  import(workerData).then(({ workInBackground }) => {
    workInBackground();
    parentPort.postMessage(getPriority(Number(readlinkSync('/proc/thread-self').split('/').at(-1))));
  });
`;

test.skipIf(process.platform !== 'linux')('only the calling thread goes behind the others', async () => {
  const workerData = fileURLToPath(new URL('./priority.ts', import.meta.url));
  const worker = new Worker(thread, { eval: true, workerData });
  const before = getPriority();
  const there = await new Promise((resolve, reject) => worker.once('message', resolve).once('error', reject));
  expect(there).toBe(5);
  expect(getPriority()).toBe(before);
  await worker.terminate();
});
