import type { Bytes, Key } from './bytes.ts';

/** The index of the first of the sorted keys that is not below `key`. */
export function lowerBound(keys: readonly Key[], key: Bytes): number {
  let from = 0;
  let to = keys.length;
  while (from < to) {
    const middle = (from + to) >>> 1;
    if ((keys[middle] ?? '') < key) from = middle + 1;
    else to = middle;
  }
  return from;
}
