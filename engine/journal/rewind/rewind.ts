import { GemelError } from '../../api/errors.ts';
import type { Bytes, Key } from '../../globals/bytes.ts';
import type { AppliedDatabase } from '../applier-messages.ts';
import type { TargetWriter } from '../applier-target.ts';
import type { JournalFiles } from '../files.ts';
import { comparePositions, formatPosition, isBefore } from '../position.ts';
import { BlockReader } from '../reader.ts';
import { scanRecords } from '../scan.ts';
import { dataStart, recordTypes, type Position } from '../types.ts';

/** Journal that one commit takes back: what it changes is in memory. */
const chunkBytes = 16 * 1024 * 1024;

/** Where databases are to be taken back to. */
export interface RewindTo {
  readonly fork: Position;
  /** Where the oldest transaction began that was open there, or earlier; null: none was. */
  readonly openStart: Position | null;
}

export interface RewindOptions extends RewindTo {
  readonly files: JournalFiles;
  readonly openWriter: (directory: string) => TargetWriter;
  readonly databases: readonly AppliedDatabase[];
  /** Told after each commit: everything behind the position is taken back. */
  readonly went?: (position: Position) => void;
  /** For tests. */
  readonly chunkBytes?: number;
}

/** Whether a position lies behind the fork; the end of a file and the beginning of the next one are one position. */
export function isBehind(files: JournalFiles, position: Position, fork: Position): boolean {
  if (comparePositions(position, fork) <= 0) return false;
  return !(endsAt(files, fork) && comparePositions(position, { file: fork.file + 1, offset: dataStart }) === 0);
}

/** Whether a position has to be changed, though nothing may have to be taken back. */
export function isAbove(position: Position | null, fork: Position): boolean {
  return position !== null && comparePositions(position, fork) > 0;
}

/** Whether a file ends there: before the one that follows it, or, when that was set aside already, by its length. */
function endsAt(files: JournalFiles, { file, offset }: Position): boolean {
  const closed = files.closedLength(file);
  if (closed !== undefined) return closed === offset;
  const last = files.get(file);
  return last !== undefined && files.files.size(files.path(last)) === offset;
}

/**
 * The positions between which the journal is taken back, from the fork on: block boundaries, some megabytes apart. Reads and
 * verifies everything in between.
 * @throws GemelError DAMAGED, NOT_FOUND
 */
export function boundaries(files: JournalFiles, fork: Position, to: Position, everyBytes = chunkBytes): Position[] {
  const found = [fork];
  const reader = new BlockReader(files, fork);
  try {
    let bytes = 0;
    for (let block = reader.next(to); block !== null; block = reader.next(to)) {
      bytes += block.length;
      if (bytes < everyBytes) continue;
      found.push(block.end);
      bytes = 0;
    }
  } finally {
    reader.close();
  }
  return isBefore(found.at(-1) ?? fork, to) ? [...found, to] : found;
}

/**
 * Takes databases back to the fork, with the before-images of the journal behind it, the newest first. Each commit leaves a
 * database with exactly what its position says, so the work can end anywhere and be begun again. Durable when it returns.
 * @throws GemelError DAMAGED, NOT_FOUND before anything is changed, and what writing throws
 */
export function rewindDatabases(options: RewindOptions): void {
  const { files, fork, databases } = options;
  const writers = databases.map(({ name, directory }) => ({ name, writer: options.openWriter(directory) }));
  try {
    const behind = writers.filter(({ writer }) => writer.position !== null && isBehind(files, writer.position, fork));
    const farthest = behind.reduce((most, { writer }) => later(most, writer.position ?? fork), fork);
    const steps = behind.length === 0 ? [] : boundaries(files, fork, farthest, options.chunkBytes);
    // The file before may go on where the mirror's does.
    for (const { writer } of writers)
      if (!behind.some((each) => each.writer === writer) && isAbove(writer.position, fork))
        commit(writer, new Map(), fork, options.openStart);
    for (let step = steps.length - 2; step >= 0; step -= 1) takeBack(options, behind, steps[step] ?? fork, steps[step + 1] ?? fork);
    // Also those that an earlier attempt has rewound.
    for (const { name, writer } of writers) makeDurable(name, writer);
  } finally {
    for (const { writer } of writers) writer.close();
  }
}

interface Behind {
  readonly name: string;
  readonly writer: TargetWriter;
}

function takeBack({ files, openStart, went }: RewindOptions, databases: readonly Behind[], from: Position, to: Position): void {
  const concerned = new Map(
    databases
      .filter(({ writer }) => writer.position !== null && isBefore(from, writer.position))
      .map(({ name, writer }) => [name, { writer, contained: writer.position ?? from, before: new Map<Key, Bytes | undefined>() }]),
  );
  scanRecords(files, from, to, (record, database, block) => {
    if (database === null || (record.type !== recordTypes.set && record.type !== recordTypes.kill)) return;
    const target = concerned.get(database.name);
    if (target === undefined || target.writer.meta.guid !== database.guid || comparePositions(block.end, target.contained) > 0) return;
    const { key } = record;
    // What the first change found is what the node was before all of them.
    if (!target.before.has(key)) target.before.set(key, record.old);
  });
  for (const { writer, before } of concerned.values()) commit(writer, before, from, openStart);
  went?.(from);
}

function commit(writer: TargetWriter, before: ReadonlyMap<Key, Bytes | undefined>, position: Position, openStart: Position | null): void {
  writer.begin();
  try {
    for (const key of [...before.keys()].sort()) {
      const value = before.get(key);
      if (value === undefined) writer.remove(key);
      else writer.upsert(key, value);
    }
    writer.commit({ journalId: writer.meta.journalId ?? '', position, openStart });
  } catch (error) {
    writer.rollback();
    throw error;
  }
}

/** A commit that a power failure takes back would bring updates back whose journal is gone. */
function makeDurable(name: string, writer: TargetWriter): void {
  writer.checkpointWal();
  const { safePosition, position } = writer;
  if (position === null || (safePosition !== null && comparePositions(safePosition, position) === 0)) return;
  throw new GemelError(
    'LOCKED',
    `The database ${name} was rewound to ${formatPosition(position)}, but something that reads it keeps that from its file.`,
    'It is tried again.',
    'End what reads the database, such as a verification.',
  );
}

function later(a: Position, b: Position): Position {
  return isBefore(a, b) ? b : a;
}
