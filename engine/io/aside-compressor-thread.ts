import { parentPort } from 'node:worker_threads';
import type { ToCompress } from './aside-compressor.ts';
import { assert } from './assert.ts';
import { compressNow } from './compression.ts';
import { workInBackground } from './priority.ts';

/* The thread of an AsideCompressor. */
const port = parentPort;
assert(port !== null, 'this file runs as a worker thread');
workInBackground('tenth');
port.on('message', ({ type, bytes }: ToCompress) => port.postMessage(compressNow(type, bytes)));
