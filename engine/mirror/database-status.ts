import type { DatabaseStatus, MirroredDatabaseView } from '../api/status.ts';
import { blockTime, comparePositions, dataStart, type JournalFiles, type Position } from '../journal/index.ts';
import type { LocalDatabase } from './host.ts';
import { time } from './status-words.ts';

/** What is shown of a mirrored database: the table of the Mirror Monitor. */

/** What its status is drawn from. */
export interface DatabaseFacts extends Pick<LocalDatabase, 'mounted' | 'needsActivation' | 'isObsolete' | 'halt' | 'isFailed'> {
  /** This member is primary. */
  readonly isPrimary: boolean;
  /** Dejournaling is stopped on the whole member. */
  readonly isStopped: boolean;
}

/** The first that holds: each hides what is said behind it. */
export function databaseStatus({
  mounted,
  needsActivation,
  isObsolete,
  halt,
  isFailed,
  isPrimary,
  isStopped,
}: DatabaseFacts): DatabaseStatus {
  if (isObsolete === true) return 'Obsolete';
  if (!mounted) return 'Database Dismounted';
  if (needsActivation === true) return 'Needs Activation';
  if (halt === 'catching-up') return 'Catchup Running';
  if (halt === 'needs-catchup') return 'Needs Catchup';
  if (halt === 'paused' || isFailed === true) return 'Dejournaling Stopped';
  if (isPrimary) return 'Normal';
  return isStopped ? 'Dejournaling Stopped' : 'Dejournaling';
}

/** A mirrored database of this member. `end` and `files` are of its journal, `now` in ms since the epoch. */
export function databaseView(
  database: LocalDatabase,
  { end, files, now, ...facts }: Pick<DatabaseFacts, 'isPrimary' | 'isStopped'> & { end: Position; files: JournalFiles; now: number },
): MirroredDatabaseView {
  const { name, directory, failoverDB, position, reason } = database;
  const status = databaseStatus({ ...database, ...facts });
  return {
    name,
    directory,
    status,
    nextRecord: nextRecord(status, position, { end, files, now }),
    failoverDB,
    ...(reason === undefined ? {} : { reason }),
  };
}

function nextRecord(
  status: DatabaseStatus,
  position: Position | null,
  { end, files, now }: { readonly end: Position; readonly files: JournalFiles; readonly now: number },
): MirroredDatabaseView['nextRecord'] {
  // An obsolete copy gets no record any more.
  if (position === null || status === 'Normal' || status === 'Obsolete') return 'N/A';
  const isClosed = files.closedLength(position.file) === position.offset;
  const next = isClosed ? { file: position.file + 1, offset: dataStart } : position;
  if (comparePositions(next, end) >= 0) return 'Current';
  const wrote = blockTime(files, position);
  return {
    time: time(wrote ?? now),
    file: files.get(position.file)?.fileName ?? String(position.file),
    offset: position.offset,
  };
}
