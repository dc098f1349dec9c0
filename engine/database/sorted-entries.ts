import { assert } from '../io/assert.ts';
import type { Key } from '../globals/index.ts';

/** Entries of a block before it is cut in two. */
const BLOCK_MAX = 384;

/** New entries up to this many are put into their places one by one, more are sorted and merged. */
const FEW = 256;

/**
 * Entries in key order, in short blocks: an insertion moves a few hundred at most. Entries are only added. They get
 * their places when somebody asks for the order: those who only write do not pay for it.
 */
export class SortedEntries<E extends { readonly key: Key }> {
  #blocks: E[][] = [];
  #new: E[] = [];
  #size = 0;

  get size(): number {
    return this.#size;
  }

  /** Its key must not be there yet. */
  insert(entry: E): void {
    this.#new.push(entry);
    this.#size += 1;
  }

  #settle(): void {
    const added = this.#new;
    if (added.length === 0) return;
    this.#new = [];
    if (added.length <= FEW) for (const entry of added) this.#place(entry);
    else this.#merge(added.sort((a, b) => (a.key < b.key ? -1 : 1)));
  }

  #merge(added: readonly E[]): void {
    const all: E[] = [];
    let next = 0;
    for (const block of this.#blocks) {
      for (const entry of block) {
        for (let candidate = added[next]; candidate !== undefined && candidate.key < entry.key; candidate = added[next]) {
          all.push(candidate);
          next++;
        }
        all.push(entry);
      }
    }
    for (; next < added.length; next++) all.push(added[next] as E);
    this.#blocks = [];
    for (let at = 0; at < all.length; at += BLOCK_MAX / 2) this.#blocks.push(all.slice(at, at + BLOCK_MAX / 2));
  }

  #place(entry: E): void {
    const last = this.#blocks.at(-1);
    if (last === undefined) {
      this.#blocks.push([entry]);
      return;
    }
    const index = entry.key > keyAt(last, last.length - 1) ? this.#blocks.length - 1 : Math.max(0, this.#blockOf(entry.key));
    const block = this.#blocks[index];
    assert(block !== undefined, 'a key belongs to a block');
    block.splice(lowerBound(block, entry.key), 0, entry);
    if (block.length > BLOCK_MAX) this.#blocks.splice(index + 1, 0, block.splice(splitAt(block, entry)));
  }

  /** The first entry with `key >= from`. */
  atOrAfter(from: Key): E | undefined {
    this.#settle();
    const index = Math.max(0, this.#blockOf(from));
    const block = this.#blocks[index];
    if (block === undefined) return undefined;
    return block[lowerBound(block, from)] ?? this.#blocks[index + 1]?.[0];
  }

  /** The last entry with `key < before`. */
  before(before: Key): E | undefined {
    this.#settle();
    const index = Math.max(0, this.#blockOf(before));
    const block = this.#blocks[index];
    if (block === undefined) return undefined;
    return block[lowerBound(block, before) - 1] ?? this.#blocks[index - 1]?.at(-1);
  }

  /** The last block whose first key is not greater; -1 when all are. */
  #blockOf(key: Key): number {
    let low = 0;
    let high = this.#blocks.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      const block = this.#blocks[middle];
      assert(block !== undefined, 'a block lies between its bounds');
      if (keyAt(block, 0) <= key) low = middle + 1;
      else high = middle;
    }
    return low - 1;
  }
}

function keyAt(block: readonly { readonly key: Key }[], index: number): Key {
  const entry = block[index];
  assert(entry !== undefined, 'an entry lies within its block');
  return entry.key;
}

/** Index of the first entry whose key is not less. */
function lowerBound(block: readonly { readonly key: Key }[], key: Key): number {
  let low = 0;
  let high = block.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (keyAt(block, middle) < key) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** A block that grows at its end stays nearly full; keys in order then fill blocks instead of halving them. */
function splitAt<E>(block: readonly E[], added: E): number {
  return block.at(-1) === added ? block.length - 1 : block.length >>> 1;
}
