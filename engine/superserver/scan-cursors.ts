import type { Bytes } from '../globals/index.ts';
import { refusal } from './command.ts';

const KEPT = 10_000;

/**
 * SCAN's cursors: Redis clients take a cursor for a number, our place in a scan is the last key. The numbers are good on
 * every connection of this superserver until 10,000 newer ones were given out.
 */
export class ScanCursors {
  readonly #places = new Map<string, Bytes>();
  #last = 0;

  /** A number for the place after `key`. */
  keep(key: Bytes): string {
    const cursor = String(++this.#last);
    this.#places.set(cursor, key);
    if (this.#places.size > KEPT) {
      const [oldest] = this.#places.keys();
      if (oldest !== undefined) this.#places.delete(oldest);
    }
    return cursor;
  }

  /** The key after which to go on; '' for the beginning. Throws ERR for a cursor that is not known (any more). */
  place(cursor: Bytes): Bytes {
    if (cursor === '0') return '';
    const key = this.#places.get(cursor);
    if (key === undefined) throw refusal('The cursor is unknown or too old.', 'Begin again with cursor 0.');
    return key;
  }
}
