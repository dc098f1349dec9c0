import { assert } from '../io/assert.ts';
import type { Bytes, Key } from '../globals/index.ts';
import { SortedEntries } from './sorted-entries.ts';

/** Newer generations have greater numbers. */
export type GenerationId = number;

/** The newest change of one node within one generation. */
export interface Entry {
  readonly key: Key;
  /** undefined: the node was deleted (a tombstone) */
  value: Bytes | undefined;
  ticket: number;
}

/** What an entry takes beside the characters of its key and value, about: two strings, the object, its places in the map and in a block. */
const ENTRY_BYTES = 160;

class Generation {
  readonly id: GenerationId;
  readonly entries = new Map<Key, Entry>();
  readonly sorted = new SortedEntries<Entry>();
  bytes = 0;

  constructor(id: GenerationId) {
    this.id = id;
  }

  put(key: Key, value: Bytes | undefined, ticket: number): void {
    const entry = this.entries.get(key);
    if (entry === undefined) {
      const added = { key, value, ticket };
      this.entries.set(key, added);
      this.sorted.insert(added);
      this.bytes += ENTRY_BYTES + key.length + (value?.length ?? 0);
      return;
    }
    this.bytes += (value?.length ?? 0) - (entry.value?.length ?? 0);
    entry.value = value;
    entry.ticket = ticket;
  }
}

/** A dropped generation: what the file has by now, kept for gets alone. */
interface Memory {
  readonly entries: ReadonlyMap<Key, Entry>;
  readonly bytes: number;
}

/**
 * The changes that a database's file does not have yet, in generations: one takes them in, the frozen ones wait for the
 * commit that covers them. Dropped ones stay as a memory of the file's newest nodes, up to `memoryBytes`.
 */
export class Overlay {
  readonly #memoryBytes: number;
  #active = new Generation(1);
  /** Newest first. */
  #frozen: Generation[] = [];
  /** Newest first. */
  #memory: Memory[] = [];
  #newestTicket = 0;

  constructor(memoryBytes: number) {
    this.#memoryBytes = memoryBytes;
  }

  /** `undefined` deletes. `ticket` is the change's own: it never gets smaller. */
  put(key: Key, value: Bytes | undefined, ticket: number): void {
    assert(ticket >= this.#newestTicket, 'tickets only grow');
    this.#newestTicket = ticket;
    this.#active.put(key, value, ticket);
  }

  /** The newest change of a node that the file may not have. */
  find(key: Key): Entry | undefined {
    const entry = this.#active.entries.get(key);
    if (entry !== undefined) return entry;
    for (const generation of this.#frozen) {
      const frozen = generation.entries.get(key);
      if (frozen !== undefined) return frozen;
    }
    return undefined;
  }

  /** What the file has of a node, where that is still known. Only right for nodes that `find` does not find. */
  remembered(key: Key): Entry | undefined {
    for (const memory of this.#memory) {
      const entry = memory.entries.get(key);
      if (entry !== undefined) return entry;
    }
    return undefined;
  }

  /** The entries in order, newest generation first, the empty ones left out. */
  layers(): SortedEntries<Entry>[] {
    const layers: SortedEntries<Entry>[] = [];
    if (this.#active.entries.size > 0) layers.push(this.#active.sorted);
    for (const generation of this.#frozen) layers.push(generation.sorted);
    return layers;
  }

  /** Ends the active generation; changes go to a new one from now on. An empty one can be dropped at once. */
  freeze(): GenerationId {
    const { id } = this.#active;
    if (this.#active.entries.size > 0) this.#frozen.unshift(this.#active);
    this.#active = new Generation(id + 1);
    return id;
  }

  /** Drops the generation and all older ones: the file has all their changes now. */
  drop(id: GenerationId): void {
    assert(id < this.#active.id, 'only a frozen generation is dropped');
    const covered = this.#frozen.filter((generation) => generation.id <= id);
    this.#frozen = this.#frozen.filter((generation) => generation.id > id);
    this.#memory = [...covered.map(({ entries, bytes }) => ({ entries, bytes })), ...this.#memory];
    let bytes = 0;
    this.#memory = this.#memory.filter((memory) => (bytes += memory.bytes) <= this.#memoryBytes);
  }

  /** Forgets everything, the file's remembered nodes too. */
  clear(): void {
    this.#frozen = [];
    this.#memory = [];
    this.#active = new Generation(this.#active.id + 1);
  }

  /** 0 when there is no change. */
  get newestTicket(): number {
    return this.empty ? 0 : this.#newestTicket;
  }

  get empty(): boolean {
    return this.#active.entries.size === 0 && this.#frozen.length === 0;
  }

  /** Changed nodes, counted once a generation. */
  get entries(): number {
    return this.#frozen.reduce((sum, generation) => sum + generation.entries.size, this.#active.entries.size);
  }

  /** Memory that the changes take, about. */
  get bytes(): number {
    return this.#frozen.reduce((sum, generation) => sum + generation.bytes, this.#active.bytes);
  }
}
