import { Worker } from 'node:worker_threads';
import { GemelError } from '../api/errors.ts';
import type { Verification } from './verify.ts';

/** `verifyDatabase` in a thread of its own, so that nobody waits for it. */
export function verifyAside(directory: string): Promise<Verification> {
  return new Promise((resolve, reject) => {
    const worker = new Worker(new URL('./verify-thread.ts', import.meta.url), { workerData: { directory } });
    worker.once('message', resolve);
    worker.once('error', (error) =>
      reject(
        new GemelError(
          'DAMAGED',
          `The database in ${directory} cannot be verified: ${error.message}.`,
          'It was left as it is.',
          'Restore it from a backup or build it again from another mirror member.',
        ),
      ),
    );
  });
}
