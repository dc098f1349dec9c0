import { parentPort, workerData } from 'node:worker_threads';
import { GemelError } from '../../api/errors.ts';
import { assert } from '../../io/assert.ts';
import { workInBackground } from '../../io/priority.ts';
import type { PinnedAnswer, PinnedAsk } from './pinned.ts';
import { PinnedFile } from './pinned-file.ts';

/* The thread of a PinnedDatabase. It is behind the others: clients are served first. */

const port = parentPort;
assert(port !== null, 'this file runs as a worker thread');
const { directory } = workerData as { directory: string };
workInBackground();
let file: PinnedFile | null = null;

function pinned(): PinnedFile {
  assert(file !== null, 'the file is pinned first');
  return file;
}

function answer(ask: PinnedAsk): unknown {
  switch (ask.what) {
    case 'pin':
      file?.close();
      file = null;
      file = new PinnedFile(directory);
      return file.position;
    case 'leaves':
      return pinned().leaves(ask.from, ask.nodes, ask.count);
    case 'digests':
      return pinned().digests(ask.from, ask.ends);
    case 'nodes':
      return pinned().nodes(ask.from, ask.to);
    case 'unpin':
      file?.close();
      file = null;
      return null;
  }
}

port.on('message', ({ id, ask }: { id: number; ask: PinnedAsk }) => {
  try {
    port.postMessage({ id, result: answer(ask), error: null } satisfies PinnedAnswer);
  } catch (error) {
    if (!(error instanceof GemelError)) throw error;
    const { code, what, safe, todo } = error;
    port.postMessage({ id, result: null, error: { code, what, safe, todo } } satisfies PinnedAnswer);
  }
});
