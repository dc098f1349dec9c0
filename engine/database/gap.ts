import type { Key } from '../globals/index.ts';

/**
 * One stretch of keys known to hold no node. Deleted nodes that the file still has must be stepped over by every
 * scan; who takes nodes from the front of a queue would step over all that were taken before, again and again.
 * A deletion keeps the stretch true, a set cuts it.
 */
export class Gap {
  #from: Key = '';
  /** Not included. */
  #to: Key = '';

  /** Where a scan forward from `at` (included) can begin instead. */
  forward(at: Key): Key {
    return this.#from <= at && at < this.#to ? this.#to : at;
  }

  /** Where a scan backward from `at` (not included) can begin instead. */
  backward(at: Key): Key {
    return this.#from < at && at <= this.#to ? this.#from : at;
  }

  /** There is no node with `from <= key < to`. What touches the known stretch makes it longer, anything else replaces it. */
  add(from: Key, to: Key): void {
    if (from >= to) return;
    const touches = from <= this.#to && to >= this.#from && this.#from < this.#to;
    this.#from = touches && this.#from < from ? this.#from : from;
    this.#to = touches && this.#to > to ? this.#to : to;
  }

  /** A node was set. */
  cut(key: Key): void {
    if (this.#from <= key && key < this.#to) this.#to = key;
  }

  clear(): void {
    this.#from = '';
    this.#to = '';
  }
}
