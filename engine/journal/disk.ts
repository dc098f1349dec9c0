import type { GemelError } from '../api/errors.ts';

/** Called once with null when it is done and durable, or with what went wrong. */
export type Done = (error: GemelError | null) => void;

/**
 * Where a journal's files are written, mostly off the caller's thread. Things are done in the order they are asked for. After an
 * error everything that follows fails with it too.
 */
export interface JournalDisk {
  /** Creates a file with these first bytes, durably (file and directory), and makes it the file that is written. */
  create(path: string, header: Uint8Array, done: Done): void;
  /** Writes a block into the current file and syncs it. The memory must not change meanwhile. */
  append(memory: SharedArrayBuffer, from: number, length: number, offset: number, done: Done): void;
  /** True when such an append would be done on the caller's thread, and `done` called before it returns. */
  isInline(length: number, offset: number): boolean;
  /** Cuts the current file at its length, durably, and closes it. */
  finish(length: number, done: Done): void;
  /** Opens a file that someone else writes, to sync it. Closes the one before. */
  attach(path: string, done: Done): void;
  /**
   * Makes a file of zeros there in quiet moments, which the next `create` in that directory takes: it can be written into as soon
   * as it has its name. Nothing depends on it. What is there is made anew. Left out: files are made when they are needed.
   */
  prepare?(path: string): void;
  /** Syncs the data of the current file. */
  sync(done: Done): void;
  /** Makes a verified, durable copy of a journal file's first `length` bytes there, and makes that the file that is written. */
  relocate(from: string, to: string, length: number, done: Done): void;
  /** Closes the current file as it is and ends the thread. */
  close(done: Done): void;
}
