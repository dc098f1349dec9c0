import { parentPort, workerData } from 'node:worker_threads';
import { GemelError } from '../api/errors.ts';
import { DatabaseWriter } from '../database/index.ts';
import { assert, AssertionError } from '../io/assert.ts';
import { realIo } from '../io/io.ts';
import { ApplierCore } from './applier-core.ts';
import type { ApplierCommand, ApplierNews, ApplierThreadData, PlainError } from './applier-messages.ts';
import { JournalFiles } from './files.ts';
import type { Position } from './types.ts';

/* The thread of an Applier: all writing to database files happens here. */

/** After so long without work, write-ahead logs are copied into their files. */
const idleMs = 1000;
const { directory, journal, intervalMs } = workerData as ApplierThreadData;
assert(parentPort !== null, 'this file runs as a worker thread');
const port = parentPort;

function tell(news: ApplierNews): void {
  port.postMessage(news);
}

function plain(error: unknown): PlainError {
  if (error instanceof GemelError) return { code: error.code, what: error.what, safe: error.safe, todo: error.todo };
  if (error instanceof AssertionError) throw error;
  return {
    code: 'INTERNAL',
    what: error instanceof Error ? error.message : String(error),
    safe: 'The journal has everything that was not applied.',
    todo: 'Report this error.',
  };
}

const core = new ApplierCore({
  clock: realIo.clock,
  files: new JournalFiles(realIo.files, directory, journal),
  openWriter: (path) => DatabaseWriter.open(path),
  intervalMs,
  applied: (progress) => tell({ name: 'applied', progress }),
  failed: (database, position, error) => tell({ name: 'failed', database, position, error: plain(error) }),
});

let isScheduled = false;
let isClosed = false;
let timer: { cancel(): void } | null = null;

function wake(): void {
  timer?.cancel();
  timer = null;
  if (isScheduled) return;
  isScheduled = true;
  realIo.turns.atEndOfTurn(run);
}

function run(): void {
  isScheduled = false;
  if (isClosed) return;
  const wait = core.step();
  if (wait === 0) wake();
  else if (wait === null) timer = realIo.clock.timer(idleMs, () => core.checkpointIdle());
  else timer = realIo.clock.timer(wait, run);
}

/** Does what answers with a position, or says why not. */
function answer(id: number, act: () => Position): void {
  try {
    tell({ name: 'done', id, position: act(), error: null });
  } catch (error) {
    tell({ name: 'done', id, position: core.position, error: plain(error) });
  }
}

function close(): Position {
  core.close();
  isClosed = true;
  timer?.cancel();
  return core.position;
}

port.on('message', (command: ApplierCommand) => {
  switch (command.name) {
    case 'add':
      answer(command.id, () => core.add(command.database));
      break;
    case 'remove':
      answer(command.id, () => core.remove(command.database));
      break;
    case 'target':
      core.raiseGoal(command.position);
      break;
    case 'drain':
      core.drain(command.position, (error) =>
        tell({ name: 'done', id: command.id, position: core.position, error: error === null ? null : plain(error) }),
      );
      break;
    case 'interval':
      core.intervalMs = command.intervalMs;
      break;
    case 'close':
      answer(command.id, close);
      // Without it the thread has nothing left to do, and ends.
      return port.close();
  }
  wake();
});
