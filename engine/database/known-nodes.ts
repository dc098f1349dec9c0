import type { Key } from '../globals/index.ts';
import { entryBytes, type Entry } from './entry.ts';

/** A map that doubles stops the world for the time it takes; sixteen small ones do so a sixteenth as long. */
const SHARDS = 16;

function shards(): Map<Key, Entry>[] {
  return Array.from({ length: SHARDS }, () => new Map<Key, Entry>());
}

/** Keys differ most near their ends; the very last character is a terminator. */
function shardOf(key: Key): number {
  const { length } = key;
  return (key.charCodeAt(length - 2) * 7 + key.charCodeAt(length - 3)) & (SHARDS - 1);
}

/**
 * The newest entry of each node that is known: changes that the file may not have, and, as long as there is room, nodes
 * that it has by now. Two halves: what is not changed again stays in the older one and goes with it.
 */
export class KnownNodes {
  #young = shards();
  #old = shards();
  #youngBytes = 0;
  /** The newest generation that the older half can hold. */
  #oldGeneration = 0;
  limitBytes: number;

  constructor(limitBytes: number) {
    this.limitBytes = limitBytes;
  }

  find(key: Key): Entry | undefined {
    const shard = shardOf(key);
    return this.#young[shard]?.get(key) ?? this.#old[shard]?.get(key);
  }

  /** The node's entry for a change, made where there is none. */
  forChange(key: Key): Entry {
    const shard = shardOf(key);
    const known = this.#young[shard]?.get(key);
    if (known !== undefined) return known;
    // One object in both halves: whichever is looked into shows the same.
    const entry = this.#old[shard]?.get(key) ?? { key, value: undefined, ticket: 0, generation: 0 };
    this.#young[shard]?.set(key, entry);
    this.#youngBytes += entryBytes(entry);
    return entry;
  }

  grown(bytes: number): void {
    this.#youngBytes += bytes;
  }

  /**
   * Makes room by letting the older half go, once the file has all of it.
   * @param clean the newest generation that the file has
   * @param active the generation that takes changes now
   */
  shorten(clean: number, active: number): void {
    if (this.#youngBytes <= this.limitBytes / 2 || this.#oldGeneration > clean) return;
    this.#old = this.#young;
    this.#oldGeneration = active;
    this.#young = shards();
    this.#youngBytes = 0;
  }

  clear(): void {
    this.#young = shards();
    this.#old = shards();
    this.#youngBytes = 0;
    this.#oldGeneration = 0;
  }
}
