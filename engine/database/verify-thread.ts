import { parentPort, workerData } from 'node:worker_threads';
import { verifyDatabase } from './verify.ts';

/** Verifies one database in a thread of its own: it reads every page. */
const { directory } = workerData as { directory: string };
parentPort?.postMessage(verifyDatabase(directory));
