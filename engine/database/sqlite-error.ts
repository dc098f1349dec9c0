import Sqlite from 'better-sqlite3';
import { GemelError } from '../api/errors.ts';
import { fileError } from '../io/index.ts';

/**
 * Turns an error of SQLite or the file system into one that a person can act on. Anything else comes back as it is:
 * a bug must not look like a bad disk.
 * @param doing what was being done, as in "read", "update"
 * @param path the database file
 */
function databaseError(error: unknown, doing: string, path: string): unknown {
  if (error instanceof GemelError) return error;
  if (!(error instanceof Sqlite.SqliteError)) return error instanceof Error && 'syscall' in error ? fileError(error, doing, path) : error;
  const could = `Could not ${doing} the database file ${path}`;
  const code = error.code;
  if (code.startsWith('SQLITE_CORRUPT') || code === 'SQLITE_NOTADB') {
    return new GemelError(
      'DAMAGED',
      `${could}: it is damaged (${error.message}).`,
      '',
      'Restore it from a backup or build it again from another mirror member.',
    );
  }
  if (code === 'SQLITE_FULL')
    return new GemelError(
      'DISK_FULL',
      `${could}: the disk is full.`,
      'What was durable before stays so.',
      'Free space on that disk or extend it, then try again.',
    );
  if (code.startsWith('SQLITE_BUSY') || code.startsWith('SQLITE_LOCKED')) {
    return new GemelError(
      'LOCKED',
      `${could}: another process keeps it locked.`,
      'Nothing was changed.',
      'End the process that uses the file.',
    );
  }
  if (code.startsWith('SQLITE_READONLY') || code.startsWith('SQLITE_CANTOPEN') || code === 'SQLITE_PERM') {
    return new GemelError(
      'RIGHTS',
      `${could}: it cannot be opened for writing.`,
      'Nothing was changed.',
      'Give the user that Gemel runs as the right to read and write the file and its directory.',
    );
  }
  if (code.startsWith('SQLITE_IOERR'))
    return new GemelError(
      'IO',
      `${could}: the disk reported an error (${code}).`,
      '',
      'Look at the system log and check the disk before going on.',
    );
  return error;
}

/** Runs `act`; what SQLite and the file system throw comes out as a GemelError (DAMAGED, DISK_FULL, LOCKED, RIGHTS, IO). */
export function guarded<T>(doing: string, path: string, act: () => T): T {
  try {
    return act();
  } catch (error) {
    throw databaseError(error, doing, path);
  }
}
