import { open, statfs, unlink } from 'node:fs/promises';
import { dirname } from 'node:path';
import { errorCode } from './error-code.ts';
import { fileError } from './file-errors.ts';

/** Bytes that this user may still write on the disk of a directory. Throws as `Files` does. */
export async function freeBytes(directory: string): Promise<number> {
  try {
    const { bavail, bsize } = await statfs(directory);
    return bavail * bsize;
  } catch (error) {
    throw fileError(error, 'look at', directory);
  }
}

/** Removes a file durably, off the caller's thread: taking a large file apart takes the disk a while. One that is not there is fine. */
export async function removeDurably(path: string): Promise<void> {
  try {
    await unlink(path).catch((error: unknown) => {
      if (errorCode(error) !== 'ENOENT') throw error;
    });
    // A directory cannot be opened on Windows; its file system orders removals itself.
    if (process.platform === 'win32') return;
    const directory = await open(dirname(path), 'r');
    try {
      await directory.sync();
    } finally {
      await directory.close();
    }
  } catch (error) {
    throw fileError(error, 'remove', path);
  }
}
