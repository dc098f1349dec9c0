import { parentPort, workerData } from 'node:worker_threads';
import { z } from 'zod';
import { assert } from '../io/assert.ts';
import { DatabaseWriter } from './writer.ts';

/** The benchmark's writing thread: gathers changes until told to commit them as one sorted batch, and checkpoints. */
const { directory } = z.object({ directory: z.string() }).parse(workerData);
assert(parentPort !== null, 'this is the script of a thread');
const port = parentPort;
const writer = DatabaseWriter.open(directory);
let offset = 0;
const newest = new Map<string, string>();
port.on('message', (message: [string, string][] | 'commit') => {
  if (message !== 'commit') {
    for (const [key, value] of message) newest.set(key, value);
    return;
  }
  writer.begin();
  for (const [key, value] of [...newest].sort((a, b) => (a[0] < b[0] ? -1 : 1))) writer.upsert(key, value);
  newest.clear();
  const { walBytes } = writer.commit({ position: { file: 1, offset: ++offset }, openStart: null });
  const { copiedBytes } = writer.checkpointWal();
  port.postMessage({ walBytes, copiedBytes });
});
