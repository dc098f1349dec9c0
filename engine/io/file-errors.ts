import { GemelError } from '../api/errors.ts';

interface SystemError {
  readonly code: string;
  readonly message: string;
}

function isSystemError(error: unknown): error is SystemError {
  return typeof error === 'object' && error !== null && 'code' in error && typeof error.code === 'string';
}

/**
 * Turns an error of the file system into one that a person can act on.
 * @param error what the system threw
 * @param doing what was being done, as in "write", "create"
 * @param path the file or directory it was done to
 * @returns DISK_FULL, RIGHTS or IO (NOT_FOUND, EXISTS where the path itself is the matter)
 */
export function fileError(error: unknown, doing: string, path: string): GemelError {
  if (error instanceof GemelError) return error;
  const code = isSystemError(error) ? error.code : '';
  const could = `Could not ${doing} ${path}`;
  switch (code) {
    case 'ENOSPC':
    case 'EDQUOT':
      return new GemelError('DISK_FULL', `${could}: the disk is full.`, '', 'Free space on that disk or extend it, then try again.');
    case 'EACCES':
    case 'EPERM':
      return new GemelError(
        'RIGHTS',
        `${could}: this user has no right to.`,
        '',
        'Give the user that Gemel runs as the right to read and write there.',
      );
    case 'EROFS':
      return new GemelError(
        'RIGHTS',
        `${could}: the file system is mounted read-only.`,
        '',
        'Look for disk errors in the system log, then mount it writable.',
      );
    case 'EIO':
      return new GemelError(
        'IO',
        `${could}: the disk reported an error.`,
        '',
        'Look at the system log and check the disk before going on.',
      );
    case 'ENOENT':
      return new GemelError('NOT_FOUND', `${could}: it does not exist.`, '', 'Check the path.');
    case 'EEXIST':
      return new GemelError('EXISTS', `${could}: it exists already.`, '', 'Choose another name or move the file that is there.');
    case 'EMFILE':
    case 'ENFILE':
      return new GemelError('IO', `${could}: too many files are open.`, '', 'Raise the limit of open files for this user.');
    default:
      return new GemelError(
        'IO',
        `${could}: ${isSystemError(error) ? error.message : String(error)}.`,
        '',
        'Check the path and the disk, then try again.',
      );
  }
}
