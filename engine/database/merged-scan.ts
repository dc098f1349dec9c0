import type { Key, Node } from '../globals/index.ts';
import type { Entry } from './entry.ts';
import { successor, type NodeFile } from './reader.ts';
import type { SortedEntries } from './sorted-entries.ts';

/** A node, or in a layer of the overlay the mark that it is gone. */
interface Candidate {
  readonly key: Key;
  /** undefined: a tombstone; in the file, a value not read yet */
  readonly value: string | undefined;
}

/** One layer as a scan in one direction sees it: its entry that comes first. */
interface Layer {
  readonly current: Candidate | undefined;
  /** Beyond `key`, which is the current one's. */
  advance(key: Key): void;
}

class OverlayLayer implements Layer {
  readonly #entries: SortedEntries<Entry>;
  readonly #direction: 1 | -1;
  readonly #limit: Key;
  current: Entry | undefined;

  /** @param at included forward, not included backward; `limit` the other way round */
  constructor(entries: SortedEntries<Entry>, at: Key, limit: Key, direction: 1 | -1) {
    this.#entries = entries;
    this.#direction = direction;
    this.#limit = limit;
    this.current = this.#within(direction === 1 ? entries.atOrAfter(at) : entries.before(at));
  }

  advance(key: Key): void {
    this.current = this.#within(this.#direction === 1 ? this.#entries.atOrAfter(successor(key)) : this.#entries.before(key));
  }

  #within(entry: Entry | undefined): Entry | undefined {
    if (entry === undefined) return undefined;
    return (this.#direction === 1 ? entry.key < this.#limit : entry.key >= this.#limit) ? entry : undefined;
  }
}

const FIRST_BATCH = 8;
const LAST_BATCH = 512;

/** The file: one node at first; where nodes are stepped over, keys in growing batches. */
class FileLayer implements Layer {
  readonly #reader: NodeFile;
  readonly #limit: Key;
  readonly #direction: 1 | -1;
  #batch: Key[] = [];
  #index = 0;
  #size = FIRST_BATCH;
  current: Candidate | undefined;

  constructor(reader: NodeFile, at: Key, limit: Key, direction: 1 | -1) {
    this.#reader = reader;
    this.#limit = limit;
    this.#direction = direction;
    this.current = direction === 1 ? reader.next(at, limit, true) : reader.previous(at, limit);
  }

  advance(key: Key): void {
    if (this.#index === this.#batch.length) {
      this.#batch =
        this.#direction === 1
          ? this.#reader.keys(successor(key), this.#limit, this.#size, 1)
          : this.#reader.keys(this.#limit, key, this.#size, -1);
      this.#index = 0;
      this.#size = Math.min(this.#size * 2, LAST_BATCH);
    }
    const next = this.#batch[this.#index++];
    this.current = next === undefined ? undefined : { key: next, value: undefined };
  }
}

export interface ScanResult {
  readonly node: Node | undefined;
  /** Deleted nodes that were stepped over. */
  readonly stepped: number;
}

/**
 * The first node of the layers and the file together, where a newer layer's entry hides the older ones' of the same key.
 * @param layers newest first
 * @param at where to begin: included forward, not included backward
 * @param limit where to end: not included forward, included backward
 */
export function scan(layers: readonly SortedEntries<Entry>[], reader: NodeFile, at: Key, limit: Key, direction: 1 | -1): ScanResult {
  const file = new FileLayer(reader, at, limit, direction);
  const all: Layer[] = layers.map((entries) => new OverlayLayer(entries, at, limit, direction));
  all.push(file);
  for (let stepped = 0; ; stepped++) {
    const winner = nearest(all, direction);
    const found = winner?.current;
    if (found === undefined) return { node: undefined, stepped };
    const value = winner === file ? (found.value ?? reader.get(found.key)) : found.value;
    if (value !== undefined) return { node: { key: found.key, value }, stepped };
    for (const layer of all) if (layer.current?.key === found.key) layer.advance(found.key);
  }
}

/** The layer whose entry comes first; of equal ones the newest. */
function nearest(layers: readonly Layer[], direction: 1 | -1): Layer | undefined {
  let best: Layer | undefined;
  let bestKey: Key | undefined;
  for (const layer of layers) {
    const key = layer.current?.key;
    if (key === undefined) continue;
    if (bestKey === undefined || (direction === 1 ? key < bestKey : key > bestKey)) {
      best = layer;
      bestKey = key;
    }
  }
  return best;
}
