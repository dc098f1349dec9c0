import { Worker } from 'node:worker_threads';
import type { ApplierCommand, ApplierNews, ApplierThreadData } from './applier-messages.ts';

/** Where an applier's work is done, as the applier sees it: commands go in, in order, and news come back. */
export interface ApplierThread {
  post(command: ApplierCommand): void;
  /** Ends it as it is. */
  terminate(): void;
  /** Resolves when it has ended: after a `close`, `terminate` or a failure. */
  readonly ended: Promise<void>;
}

export interface ApplierThreadUser {
  heard(news: ApplierNews): void;
  /** It ended by an exception: a bug of ours. */
  failed(error: Error): void;
}

export type StartApplierThread = (data: ApplierThreadData, user: ApplierThreadUser) => ApplierThread;

/** In a worker thread. */
export const startApplierThread: StartApplierThread = (workerData, user) => {
  const worker = new Worker(new URL('./applier-thread.ts', import.meta.url), { workerData });
  worker.on('message', (news: ApplierNews) => user.heard(news));
  worker.on('error', (error: Error) => user.failed(error));
  return {
    post: (command) => worker.postMessage(command),
    terminate: () => void worker.terminate(),
    ended: new Promise((resolve) => worker.once('exit', () => resolve())),
  };
};
