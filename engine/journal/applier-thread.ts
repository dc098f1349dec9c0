import { parentPort, workerData } from 'node:worker_threads';
import { DatabaseWriter } from '../database/index.ts';
import { assert } from '../io/assert.ts';
import { realIo } from '../io/io.ts';
import { workInBackground } from '../io/priority.ts';
import type { ApplierCommand, ApplierThreadData } from './applier-messages.ts';
import { ApplierServer } from './applier-server.ts';

/* The thread of an Applier: all writing to database files happens here. */

assert(parentPort !== null, 'this file runs as a worker thread');
const port = parentPort;
workInBackground();
const server = new ApplierServer(workerData as ApplierThreadData, {
  ...realIo,
  openWriter: (directory) => DatabaseWriter.open(directory),
  tell: (news) => port.postMessage(news),
});

port.on('message', (command: ApplierCommand) => {
  server.obey(command);
  // Without it the thread has nothing left to do, and ends.
  if (server.isClosed) port.close();
});
