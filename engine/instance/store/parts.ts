import { availableParallelism, totalmem } from 'node:os';
import { createDatabase, Database, type NewDatabase } from '../../database/index.ts';
import { startApplierThread, ThreadDisk, workersFor, type JournalDisk, type StartApplierThread } from '../../journal/index.ts';

/** What a store is made of below: another set of it runs on a simulated host. */
export interface StoreParts {
  /** Makes an empty database in a directory, durably. Throws EXISTS, RIGHTS, DISK_FULL, IO. */
  createDatabase(directory: string, init: NewDatabase): void;
  /** Throws NOT_FOUND, FOREIGN, DAMAGED, VERSION, RIGHTS, LOCKED, IO. */
  openDatabase(directory: string): Database;
  /** Where database files are written. */
  readonly startApplier: StartApplierThread;
  /** How many databases of one journal may be written at the same time. */
  readonly applierWorkersMax: number;
  /** What a journal is written with. */
  newDisk(): JournalDisk;
}

/** Files of this computer, with a thread for each disk and applier. */
export const realParts: StoreParts = {
  createDatabase: (directory, init) => createDatabase(directory, init),
  openDatabase: (directory) => Database.open(directory),
  startApplier: startApplierThread,
  applierWorkersMax: workersFor({ processors: availableParallelism(), memoryBytes: totalmem() }),
  newDisk: () => new ThreadDisk(),
};
