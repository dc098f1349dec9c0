import { GemelError } from '../../api/errors.ts';
import type { JournalFiles } from '../files.ts';
import { isBefore } from '../position.ts';
import { scanRecords } from '../scan.ts';
import { dataStart, recordTypes, type Position } from '../types.ts';

/** A transaction that was open at the fork: its number, and where its first record stands. */
export interface OpenAtFork {
  readonly transaction: number;
  readonly start: Position;
}

/**
 * Where transactions began that are known to be open at the fork, as what is behind it shows: read backwards, a file at a time.
 * @throws GemelError NOT_FOUND when the journal does not go back that far, DAMAGED
 */
export function startsOf(files: JournalFiles, fork: Position, transactions: ReadonlySet<number>): OpenAtFork[] {
  const found = new Map<number, Position>();
  for (let file = fork.file; found.size < transactions.size; file -= 1) {
    if (files.get(file) === undefined) throw gone(files, file);
    const end = file === fork.file ? fork : { file, offset: files.closedLength(file) ?? dataStart };
    const here = new Map<number, Position>();
    scanRecords(files, { file, offset: dataStart }, end, (record, _database, block) => {
      if (record.type === recordTypes.tstart && transactions.has(record.transaction)) here.set(record.transaction, block.start);
    });
    // The newest of that number before the fork: numbers are used again.
    for (const [transaction, start] of here) if (!found.has(transaction)) found.set(transaction, start);
  }
  return [...found].map(([transaction, start]) => ({ transaction, start }));
}

/** The first of them; null: there is none. */
export function earliest(positions: readonly (Position | null)[]): Position | null {
  return positions.reduce((least, each) => (each !== null && (least === null || isBefore(each, least)) ? each : least), null);
}

function gone(files: JournalFiles, file: number): GemelError {
  return new GemelError(
    'NOT_FOUND',
    `A transaction that was open where the journals part began in journal file ${file}, which is not in ${files.directory} any more.`,
    'Nothing was changed.',
    'Bring the file back, or rebuild this member.',
  );
}
