import { assert } from '../io/assert.ts';
import type { Bytes, Key } from '../globals/index.ts';
import { entryBytes, type Entry } from './entry.ts';
import { NodeMemory } from './memory.ts';
import { SortedEntries } from './sorted-entries.ts';

/** Newer generations have greater numbers. */
export type GenerationId = number;

class Generation {
  readonly id: GenerationId;
  readonly entries = new Map<Key, Entry>();
  readonly sorted = new SortedEntries<Entry>();
  bytes = 0;

  constructor(id: GenerationId) {
    this.id = id;
  }

  /** Whether the node is new to the generation. */
  put(key: Key, value: Bytes | undefined, ticket: number): boolean {
    const entry = this.entries.get(key);
    if (entry === undefined) {
      const added = { key, value, ticket };
      this.entries.set(key, added);
      this.sorted.insert(added);
      this.bytes += entryBytes(added);
      return true;
    }
    this.bytes += (value?.length ?? 0) - (entry.value?.length ?? 0);
    entry.value = value;
    entry.ticket = ticket;
    return false;
  }
}

/**
 * The changes that a database's file does not have yet, in generations: one takes them in, the frozen ones wait for the
 * commit that covers them. Dropped ones stay as a memory of the file's newest nodes.
 */
export class Overlay {
  #active = new Generation(1);
  /** Newest first. */
  #frozen: Generation[] = [];
  readonly #memory: NodeMemory;
  #newestTicket = 0;

  /** @param memoryBytes for the nodes of dropped generations */
  constructor(memoryBytes: number) {
    this.#memory = new NodeMemory(memoryBytes);
  }

  /** `undefined` deletes. `ticket` is the change's own: it never gets smaller. */
  put(key: Key, value: Bytes | undefined, ticket: number): void {
    assert(ticket >= this.#newestTicket, 'tickets only grow');
    this.#newestTicket = ticket;
    if (this.#active.put(key, value, ticket)) this.#memory.forget(key);
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
    return this.#memory.find(key);
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
    for (const { entries, bytes } of covered.toReversed()) this.#memory.add(entries, bytes);
  }

  /** Forgets everything, the file's remembered nodes too. */
  clear(): void {
    this.#frozen = [];
    this.#memory.clear();
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
