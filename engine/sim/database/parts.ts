import { createDatabase, Database, DatabaseReader, DatabaseWriter } from '../../database/index.ts';
import type { StoreParts } from '../../instance/store/index.ts';
import type { TargetWriter } from '../../journal/index.ts';
import { SimDisk, simIo, type SimProcess } from '../io/index.ts';
import { inProcessApplier } from './in-process-applier.ts';
import { createMemoryDatabase, memoryFile } from './memory-file.ts';
import { MemoryReader } from './memory-reader.ts';
import { MemoryWriter } from './memory-writer.ts';

/** How likely a block is written on the process's own thread, as on a quick disk. */
const inlineChance = 0.3;
/** Databases of one journal that are written at the same time. */
const applierWorkersMax = 3;

/** What a store on a simulated host is made of: databases in memory, the journal on the host's drive. */
export function memoryParts(process: SimProcess): StoreParts {
  const { drive } = process.host;
  return {
    createDatabase: (directory, init) => {
      if (process.operation()) createMemoryDatabase(drive, directory, init);
    },
    openDatabase: (directory) => new Database(directory, new MemoryReader(memoryFile(drive, directory))),
    startApplier: inProcessApplier({
      process,
      files: simIo(process).files,
      openWriter: (directory) => new MemoryWriter(memoryFile(drive, directory), process),
    }),
    applierWorkersMax,
    newDisk: () => new SimDisk({ process, inlineChance }),
    hasRoom: () => true,
  };
}

/**
 * As `memoryParts`, with database files as they are, in directories of this computer: a power cut takes nothing from them.
 * What an ended process had open is closed.
 */
export function sqliteParts(process: SimProcess): StoreParts {
  return {
    createDatabase: (directory, init) => {
      if (!process.operation()) return;
      createDatabase(directory, init);
      process.host.drive.makeDirectory(directory);
    },
    openDatabase: (directory) => {
      const reader = DatabaseReader.open(directory);
      process.onEnd(() => reader.close());
      return new Database(directory, reader);
    },
    startApplier: inProcessApplier({
      process,
      files: simIo(process).files,
      openWriter: (directory) => endingWith(process, DatabaseWriter.open(directory)),
    }),
    applierWorkersMax,
    newDisk: () => new SimDisk({ process, inlineChance }),
    hasRoom: () => true,
  };
}

/** After the end of its process a writer does nothing more. */
function endingWith(process: SimProcess, writer: DatabaseWriter): TargetWriter {
  let isClosed = false;
  const close = (): void => {
    if (isClosed) return;
    isClosed = true;
    writer.close();
  };
  process.onEnd(close);
  return {
    get position() {
      return writer.position;
    },
    get openStart() {
      return writer.openStart;
    },
    get safePosition() {
      return writer.safePosition;
    },
    get meta() {
      return writer.meta;
    },
    begin: () => writer.begin(),
    upsert: (key, value) => writer.upsert(key, value),
    remove: (key) => writer.remove(key),
    upsertFrom: (...update) => writer.upsertFrom(...update),
    removeFrom: (...node) => writer.removeFrom(...node),
    commit: (progress) => (process.operation() ? writer.commit(progress) : { walBytes: 0 }),
    rollback: () => writer.rollback(),
    setProperties: (change) => {
      if (process.operation()) writer.setProperties(change);
    },
    keepLimit: (isKept) => writer.keepLimit(isKept),
    checkpointWal: () => writer.checkpointWal(),
    close,
  };
}
