import { closeSync, fsyncSync, openSync, rmSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';

/**
 * A file of zeros that grows piece by piece while there is nothing else to do, and becomes a journal file once it is whole and
 * synced. Whatever goes wrong with it only means that there is none.
 */
export class SpareFile {
  readonly path: string;
  /** Bytes it has once it can be taken. */
  readonly length: number;
  #fd = -1;
  #written = 0;
  #state: 'growing' | 'whole' | 'gone' = 'growing';

  constructor(path: string, length: number) {
    this.path = path;
    this.length = length;
  }

  /** Writes one piece more, and syncs behind the last one. @returns whether there is more to do */
  grow(zeros: Uint8Array): boolean {
    if (this.#state !== 'growing') return false;
    try {
      if (this.#fd < 0) this.#fd = openSync(this.path, 'w+', 0o600);
      if (this.#written < this.length) {
        this.#written += writeSync(this.#fd, zeros, 0, Math.min(zeros.length, this.length - this.#written), this.#written);
        return true;
      }
      fsyncSync(this.#fd);
      this.#state = 'whole';
    } catch {
      // A disk that is full or fails shows where something depends on it.
      this.drop();
    }
    return false;
  }

  /** Hands the file over, open, if it is whole and lies in that directory; else null. */
  take(directory: string): { readonly fd: number; readonly path: string; readonly length: number } | null {
    if (this.#state !== 'whole' || dirname(this.path) !== directory) return null;
    this.#state = 'gone';
    return { fd: this.#fd, path: this.path, length: this.length };
  }

  /** Removes it, unless it was handed over. */
  drop(): void {
    if (this.#state === 'gone') return;
    this.#state = 'gone';
    try {
      if (this.#fd >= 0) closeSync(this.#fd);
      rmSync(this.path, { force: true });
    } catch {
      // It lies there unused until the next one is made in its place.
    }
  }
}
