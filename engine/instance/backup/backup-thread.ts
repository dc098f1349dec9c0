import { parentPort, workerData } from 'node:worker_threads';
import { toWireError } from '../../api/rpc/index.ts';
import { GemelError } from '../../api/errors.ts';
import { assert } from '../../io/assert.ts';
import { workInBackground } from '../../io/priority.ts';
import type { TaskNews, TaskThreadData } from './aside.ts';
import { carryOut } from './tasks.ts';

/* The thread of one task of a backup or a restore: whole files are read and written here. */

assert(parentPort !== null, 'this file runs as a worker thread');
const port = parentPort;
const { task, cancelled } = workerData as TaskThreadData;
const TELL_BYTES = 8 * 1024 * 1024;
let toldBytes = 0;

function progress(bytes: number): void {
  if (Atomics.load(cancelled, 0) !== 0) throw new GemelError('REFUSED', 'It was cancelled.', 'Nothing was changed.');
  if (bytes - toldBytes < TELL_BYTES) return;
  toldBytes = bytes;
  port.postMessage({ name: 'progress', bytes } satisfies TaskNews);
}

workInBackground('thirtieth');
let news: TaskNews;
try {
  news = { name: 'done', result: carryOut(task, progress) };
} catch (error) {
  let fault = '';
  const told = toWireError(error, (unexpected) => {
    fault = unexpected instanceof Error ? (unexpected.stack ?? unexpected.message) : String(unexpected);
  });
  news = { name: 'failed', error: told, fault };
}
port.postMessage(news);
