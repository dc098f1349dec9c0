import { getPriority } from 'node:os';
import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';
import { expect, test } from 'vitest';

const thread = `
  const { readlinkSync } = require('node:fs');
  const { getPriority } = require('node:os');
  const { parentPort, workerData } = require('node:worker_threads');
  import(workerData.module).then(({ workInBackground }) => {
    workInBackground(workerData.share);
    parentPort.postMessage(getPriority(Number(readlinkSync('/proc/thread-self').split('/').at(-1))));
  });
`;

test.skipIf(process.platform !== 'linux').each([
  ['third', 5],
  ['tenth', 10],
])('only the calling thread goes behind the others, to a %s', async (share, niceness) => {
  const workerData = { module: fileURLToPath(new URL('./priority.ts', import.meta.url)), share };
  const worker = new Worker(thread, { eval: true, workerData });
  const before = getPriority();
  const there = await new Promise((resolve, reject) => worker.once('message', resolve).once('error', reject));
  expect(there).toBe(niceness);
  expect(getPriority()).toBe(before);
  await worker.terminate();
});
