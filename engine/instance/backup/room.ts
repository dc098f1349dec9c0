import { dirname } from 'node:path';
import { GemelError } from '../../api/errors.ts';
import { freeSpace } from '../../io/free-space.ts';
import type { Files } from '../../io/index.ts';

const MIB = 1024 * 1024;
/** What a copy leaves free where databases or journals are, at most, and as a share of the disk. */
const KEPT_BYTES_MAX = 256 * MIB;
const KEPT_SHARE = 0.05;
/** A log that a copy keeps from being emptied may grow to this, or to the size of its database. */
const LOG_BYTES_MIN = 1024 * MIB;

/**
 * What a copy may not do to the instance beside it: fill a disk that databases or journals are on, or let the log of a database grow
 * without end. `check` is called again and again while it is made.
 */
export class Room {
  readonly #files: Files;
  readonly #target: string;
  readonly #places: readonly string[];
  readonly #logs: readonly { readonly path: string; readonly bytesMax: number }[];

  /**
   * @param target file that is written
   * @param places directories that the instance needs room in
   * @param held database files that are held
   */
  constructor(files: Files, target: string, places: readonly string[], held: readonly { readonly path: string; readonly bytes: number }[]) {
    this.#files = files;
    this.#target = target;
    const { device } = freeSpace(dirname(target));
    // The log of a held file grows where its database is, whatever disk is written to.
    const ofHeld = held.map(({ path }) => dirname(path));
    this.#places = [...new Set([...ofHeld, ...places.filter((place) => freeSpace(place).device === device)])];
    this.#logs = held.map(({ path, bytes }) => ({ path: `${path}-wal`, bytesMax: Math.max(LOG_BYTES_MIN, bytes) }));
  }

  /** Throws DISK_FULL, REFUSED. */
  check(): void {
    for (const place of this.#places) {
      const { free, total } = freeSpace(place);
      if (free < Math.min(KEPT_BYTES_MAX, total * KEPT_SHARE))
        throw new GemelError(
          'DISK_FULL',
          `Only ${Math.floor(free / MIB)} MB are left on the disk of ${place}, which the instance needs for its updates; ${this.#target} was given up.`,
          'The instance goes on; nothing of that file is left.',
          'Free space on that disk, or choose a file on another one.',
        );
    }
    for (const { path, bytesMax } of this.#logs) {
      if (!this.#files.exists(path) || this.#files.size(path) <= bytesMax) continue;
      throw new GemelError(
        'REFUSED',
        `So much was updated meanwhile that ${path} has grown to ${Math.floor(bytesMax / MIB)} MB; ${this.#target} was given up.`,
        'The instance goes on; nothing of that file is left.',
        'Take the backup on another member, to a faster disk, or when there is less to do.',
      );
    }
  }
}
