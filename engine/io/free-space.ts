import { statfsSync, statSync } from 'node:fs';
import { fileError } from './file-errors.ts';

/** Of the file system that a path is on. */
export interface FreeSpace {
  /** Bytes that this user may still write. */
  readonly free: number;
  readonly total: number;
  /** Tells file systems apart. */
  readonly device: number;
}

/** @param path of something that exists. Throws as `fileError`. */
export function freeSpace(path: string): FreeSpace {
  try {
    const { bavail, blocks, bsize } = statfsSync(path);
    return { free: bavail * bsize, total: blocks * bsize, device: statSync(path).dev };
  } catch (error) {
    throw fileError(error, 'look at', path);
  }
}
