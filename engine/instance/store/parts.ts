import { availableParallelism, totalmem } from 'node:os';
import { GemelError } from '../../api/errors.ts';
import { createDatabase, Database, type NewDatabase } from '../../database/index.ts';
import { freeSpace } from '../../io/free-space.ts';
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
  /** Whether so many bytes can be written on the disk of a directory. */
  hasRoom(directory: string, bytes: number): boolean;
}

function hasRoom(directory: string, bytes: number): boolean {
  try {
    return freeSpace(directory).free >= bytes;
  } catch (error) {
    if (error instanceof GemelError) return false;
    throw error;
  }
}

/** Files of this computer, with a thread for each disk and applier. */
export const realParts: StoreParts = {
  createDatabase: (directory, init) => createDatabase(directory, init),
  openDatabase: (directory) => Database.open(directory),
  startApplier: startApplierThread,
  applierWorkersMax: workersFor({ processors: availableParallelism(), memoryBytes: totalmem() }),
  newDisk: () => new ThreadDisk(),
  hasRoom,
};
