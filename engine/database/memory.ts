import type { Key } from '../globals/index.ts';
import { entryBytes, type Entry } from './entry.ts';

/** Maps to look into at most: each one costs every miss a look. */
const MAPS_MAX = 8;
/** A generation up to this is added to the newest map instead of making one: longer would be felt by the executor. */
const MERGED_ENTRIES_MAX = 10_000;

interface Remembered {
  readonly entries: Map<Key, Entry>;
  bytes: number;
}

/**
 * The newest nodes of the file, kept for gets when their generation is dropped: most before-images come from here.
 * A node changed again is forgotten here, since it will come back with its new generation; so most are here once, and
 * what goes first when room is short are those changed longest ago. (One changed in two generations that were dropped
 * one after the other is here twice: the newer hides the older until both are hidden by the next change.)
 */
export class NodeMemory {
  readonly #limitBytes: number;
  /** Newest first. */
  #maps: Remembered[] = [];

  constructor(limitBytes: number) {
    this.#limitBytes = limitBytes;
  }

  find(key: Key): Entry | undefined {
    for (const { entries } of this.#maps) {
      const entry = entries.get(key);
      if (entry !== undefined) return entry;
    }
    return undefined;
  }

  /** The node has changed: `find` is not asked for it before a generation added later has it. */
  forget(key: Key): void {
    for (const map of this.#maps) {
      const entry = map.entries.get(key);
      if (entry === undefined) continue;
      map.entries.delete(key);
      map.bytes -= entryBytes(entry);
      return;
    }
  }

  /** Takes over the entries of a generation that is newer than all before it and is in the file now. */
  add(entries: Map<Key, Entry>, bytes: number): void {
    const newest = this.#maps[0];
    if (newest !== undefined && entries.size <= MERGED_ENTRIES_MAX && newest.bytes < this.#limitBytes / MAPS_MAX) {
      for (const entry of entries.values()) {
        const old = newest.entries.get(entry.key);
        newest.bytes += entryBytes(entry) - (old === undefined ? 0 : entryBytes(old));
        newest.entries.set(entry.key, entry);
      }
    } else {
      this.#maps.unshift({ entries, bytes });
    }
    this.#shorten();
  }

  clear(): void {
    this.#maps = [];
  }

  /** Only the oldest may go: an older one behind a newer one that went would show nodes as they were. */
  #shorten(): void {
    let bytes = 0;
    const kept = this.#maps.findIndex((map, i) => (bytes += map.bytes) > this.#limitBytes || i >= MAPS_MAX);
    if (kept >= 0) this.#maps.length = kept;
  }
}
