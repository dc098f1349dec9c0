import { Worker } from 'node:worker_threads';
import type { BackupResult } from '../../api/backup.ts';
import { fromWireError } from '../../api/rpc/index.ts';
import type { GemelError } from '../../api/errors.ts';
import type { Task } from './tasks.ts';

export interface TaskThreadData {
  readonly task: Task;
  /** Its first word is not 0 once the task is to be given up. */
  readonly cancelled: Int32Array<SharedArrayBuffer>;
}

export type TaskNews =
  | { readonly name: 'progress'; readonly bytes: number }
  | { readonly name: 'done'; readonly result: BackupResult | null }
  /** `fault`: where an error of ours was thrown. */
  | { readonly name: 'failed'; readonly error: Parameters<typeof fromWireError>[0]; readonly fault: string };

/** Carries a task out in a thread of its own. @param progress bytes of database files done. Rejects with what it threw. */
export async function aside(task: Task, signal: AbortSignal | null, progress: (bytes: number) => void): Promise<BackupResult | null> {
  const cancelled = new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT));
  const cancel = (): void => void Atomics.store(cancelled, 0, 1);
  signal?.throwIfAborted();
  signal?.addEventListener('abort', cancel);
  const workerData: TaskThreadData = { task, cancelled };
  const worker = new Worker(new URL('./backup-thread.ts', import.meta.url), { workerData });
  const ended = Promise.withResolvers<BackupResult | null>();
  worker.on('message', (news: TaskNews) => {
    if (news.name === 'progress') progress(news.bytes);
    else if (news.name === 'done') ended.resolve(news.result);
    else ended.reject(failure(news));
  });
  worker.once('error', (error) => ended.reject(error));
  // Only for one that ends without a word.
  worker.once('exit', () => ended.reject(new Error('the thread of a backup or a restore ended')));
  try {
    return await ended.promise;
  } finally {
    signal?.removeEventListener('abort', cancel);
  }
}

function failure({ error, fault }: Extract<TaskNews, { name: 'failed' }>): GemelError | Error {
  return fault === '' ? fromWireError(error) : new Error(fault);
}
