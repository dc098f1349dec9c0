import { assert } from '../io/assert.ts';
import type { Bytes, Key } from '../globals/index.ts';
import { entryBytes, type Entry } from './entry.ts';
import { KnownNodes } from './known-nodes.ts';
import { SortedEntries } from './sorted-entries.ts';

/** Newer generations have greater numbers. */
export type GenerationId = number;

/** The nodes changed in one generation, for scans. */
class Generation {
  readonly id: GenerationId;
  readonly sorted = new SortedEntries<Entry>();
  bytes = 0;

  constructor(id: GenerationId) {
    this.id = id;
  }
}

/**
 * The changes that a database's file does not have yet, in generations: one takes them in, the frozen ones wait for the
 * commit that covers them. Entries of dropped ones stay, as long as there is room, as a memory of what the file has.
 */
export class Overlay {
  #active = new Generation(1);
  /** Newest first. */
  #frozen: Generation[] = [];
  /** The newest generation that was dropped: entries up to it are in the file. */
  #clean: GenerationId = 0;
  readonly #known: KnownNodes;
  #newestTicket = 0;

  /** @param memoryBytes for nodes that the file has */
  constructor(memoryBytes: number) {
    this.#known = new KnownNodes(memoryBytes);
  }

  set memoryBytes(bytes: number) {
    this.#known.limitBytes = bytes;
  }

  /** `undefined` deletes. `ticket` is the change's own: it never gets smaller. */
  put(key: Key, value: Bytes | undefined, ticket: number): void {
    assert(ticket >= this.#newestTicket, 'tickets only grow');
    this.#newestTicket = ticket;
    const entry = this.#known.forChange(key);
    const grown = (value?.length ?? 0) - (entry.value?.length ?? 0);
    const active = this.#active;
    entry.value = value;
    entry.ticket = ticket;
    if (grown !== 0) this.#known.grown(grown);
    if (entry.generation === active.id) {
      active.bytes += grown;
      return;
    }
    entry.generation = active.id;
    active.sorted.insert(entry);
    active.bytes += entryBytes(entry);
  }

  /** The newest change of a node that the file may not have. */
  find(key: Key): Entry | undefined {
    const entry = this.#known.find(key);
    return entry !== undefined && entry.generation > this.#clean ? entry : undefined;
  }

  /** What is known of a node: its newest change, or what the file has. */
  known(key: Key): Entry | undefined {
    return this.#known.find(key);
  }

  /** The entries in order, newest generation first, the empty ones left out. */
  layers(): SortedEntries<Entry>[] {
    const layers: SortedEntries<Entry>[] = [];
    if (this.#active.sorted.size > 0) layers.push(this.#active.sorted);
    for (const generation of this.#frozen) layers.push(generation.sorted);
    return layers;
  }

  /** Ends the active generation; changes go to a new one from now on. An empty one can be dropped at once. */
  freeze(): GenerationId {
    const { id } = this.#active;
    if (this.#active.sorted.size > 0) this.#frozen.unshift(this.#active);
    this.#active = new Generation(id + 1);
    return id;
  }

  /** Drops the generation and all older ones: the file has all their changes now. */
  drop(id: GenerationId): void {
    assert(id < this.#active.id, 'only a frozen generation is dropped');
    this.#frozen = this.#frozen.filter((generation) => generation.id > id);
    this.#clean = Math.max(this.#clean, id);
    this.#known.shorten(this.#clean, this.#active.id);
  }

  /** Forgets everything, also what is known of the file. */
  clear(): void {
    this.#frozen = [];
    this.#known.clear();
    this.#clean = this.#active.id;
    this.#active = new Generation(this.#active.id + 1);
    this.#newestTicket = 0;
  }

  /** 0 when there is no change. */
  get newestTicket(): number {
    return this.empty ? 0 : this.#newestTicket;
  }

  get empty(): boolean {
    return this.#active.sorted.size === 0 && this.#frozen.length === 0;
  }

  /** Changed nodes, counted once a generation. */
  get entries(): number {
    return this.#frozen.reduce((sum, generation) => sum + generation.sorted.size, this.#active.sorted.size);
  }

  /** Memory that the changes take, about. */
  get bytes(): number {
    return this.#frozen.reduce((sum, generation) => sum + generation.bytes, this.#active.bytes);
  }
}
