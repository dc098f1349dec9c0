import { basename, join } from 'node:path';
import { GemelError } from '../api/errors.ts';
import type { OtherDirectory } from './directories.ts';
import type { Done, JournalDisk } from './disk.ts';
import type { JournalFiles } from './files.ts';

/** Where a journal goes on when its own directory cannot be written. */
export interface Alternate {
  readonly directory: OtherDirectory;
  /** A disk by itself: after an error one does nothing more. */
  readonly newDisk: () => JournalDisk;
  /** Whether the journal's own directory has room for files again. */
  readonly hasRoom: (directory: string) => boolean;
  /** The journal goes on in that file of the alternate directory. */
  readonly went: (path: string, why: GemelError) => void;
  /** The journal's own directory is written again, beginning with that file. */
  readonly back: (path: string) => void;
  /** The alternate directory could not be written either. */
  readonly failed: (path: string, why: GemelError) => void;
}

/** Whether the newest file of a journal is in the alternate directory. */
export function isAway(files: JournalFiles, { directory }: Alternate): boolean {
  return files.last !== undefined && files.path(files.last) === join(directory.path, files.last.fileName);
}

/**
 * A `JournalDisk` for a writer that goes on in the alternate directory when the journal's own cannot be written, and back with the next file that
 * can be made there. A block that was not written goes to the same place of a verified copy of its file: whoever has been sent it has the same
 * bytes there. Everything before it was synced; what the disk has of it in the first file is nobody's any more, since the copy counts.
 */
export class AlternateDisk implements JournalDisk {
  readonly #files: JournalFiles;
  readonly #alternate: Alternate;
  #disk: JournalDisk;
  #path = '';
  /** The newest file is in the alternate directory. */
  #isAway: boolean;
  #isClosed = false;

  /** @param disk it owns it */
  constructor(files: JournalFiles, alternate: Alternate, disk: JournalDisk) {
    this.#files = files;
    this.#alternate = alternate;
    this.#disk = disk;
    this.#isAway = isAway(files, alternate);
  }

  create(path: string, header: Uint8Array, done: Done): void {
    const { directory, hasRoom, back } = this.#alternate;
    const away = join(directory.path, basename(path));
    if (this.#isAway && !hasRoom(this.#files.directory)) return this.#createAway(away, header, null, done);
    this.#disk.create(path, header, (error) => {
      if (error !== null) return this.#isClosed ? done(error) : this.#createAway(away, header, error, done);
      this.#path = path;
      this.#files.dropSuperseded();
      if (this.#isAway) back(path);
      this.#isAway = false;
      done(null);
    });
  }

  /** @param why the journal's own directory failed just now; null: it has no room */
  #createAway(path: string, header: Uint8Array, why: GemelError | null, done: Done): void {
    const refused = why === null ? null : this.#leave(path, why);
    if (refused !== null) return done(refused);
    this.#disk.create(path, header, (error) => {
      if (error !== null) {
        if (why !== null) this.#alternate.failed(path, error);
        return done(why ?? error);
      }
      this.#arrived(path, why);
      done(null);
    });
  }

  append(memory: SharedArrayBuffer, from: number, length: number, offset: number, done: Done): void {
    this.#disk.append(memory, from, length, offset, (error) => {
      if (error === null || this.#isAway || this.#isClosed) return done(error);
      this.#moveAway(offset, error, (failed) => {
        if (failed === null) this.#disk.append(memory, from, length, offset, done);
        else done(failed);
      });
    });
  }

  #moveAway(length: number, why: GemelError, done: Done): void {
    const path = join(this.#alternate.directory.path, basename(this.#path));
    const refused = this.#leave(path, why);
    if (refused !== null) return done(refused);
    this.#disk.relocate(this.#path, path, length, (error) => {
      if (this.#isClosed) return done(why);
      if (error !== null) {
        this.#alternate.failed(path, error);
        return done(why);
      }
      this.#arrived(path, why);
      done(null);
    });
  }

  /** Another disk, for the alternate directory. @returns what failed in the first place when that cannot be used */
  #leave(path: string, why: GemelError): GemelError | null {
    try {
      this.#alternate.directory.use();
    } catch (error) {
      if (!(error instanceof GemelError)) throw error;
      this.#alternate.failed(path, error);
      return why;
    }
    this.#replaceDisk();
    return null;
  }

  #replaceDisk(): void {
    const former = this.#disk;
    this.#disk = this.#alternate.newDisk();
    former.close(() => undefined);
  }

  #arrived(path: string, why: GemelError | null): void {
    this.#path = path;
    this.#isAway = true;
    this.#files.placed(path);
    if (why !== null) this.#alternate.went(path, why);
  }

  isInline(length: number, offset: number): boolean {
    return this.#disk.isInline(length, offset);
  }

  finish(length: number, done: Done): void {
    this.#disk.finish(length, (error) => {
      // All of its blocks are synced, and the next file says where it ends.
      if (error !== null && !this.#isClosed) this.#replaceDisk();
      done(null);
    });
  }

  attach(path: string, done: Done): void {
    this.#disk.attach(path, done);
  }

  relocate(from: string, to: string, length: number, done: Done): void {
    this.#disk.relocate(from, to, length, done);
  }

  prepare(path: string): void {
    this.#disk.prepare?.(path);
  }

  sync(done: Done): void {
    this.#disk.sync(done);
  }

  close(done: Done): void {
    this.#isClosed = true;
    this.#disk.close(done);
  }
}
