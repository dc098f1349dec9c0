import { assert } from '../io/assert.ts';
import type { Bytes, Key } from '../globals/bytes.ts';

/** An entry takes eight numbers, of which six are used: half a line of the processor's cache. */
const entryShift = 3;
const hashAt = 0;
const keyAtAt = 1;
const keyLengthAt = 2;
const valueAtAt = 3;
const valueLengthAt = 4;
/** Bytes that the value may take where it is. */
const roomAt = 5;
/** Memory of a node beside its key and value: its entry, its places in the table, and what sorting takes. */
const entryBytes = 76;
const entriesMin = 1024;
/** So that a word of a key and the entry's number fit into one exact number. */
const entriesMax = 2 ** 21;
const arenaMin = 64 * 1024;
/** What was grown beyond this is given back when the batch is emptied. */
const arenaKept = 32 * 1024 * 1024;
/** Ranges up to this are sorted by comparing; more than the keys that can differ in nothing but zeros within one word. */
const fewEntries = 12;
/** Length of a node that goes away. */
const removed = -1;

/** Takes nodes in key order. A removed node has no value. The bytes stay as they are until the batch is changed. */
export interface NodeVisitor {
  upsert(bytes: Buffer, keyAt: number, keyLength: number, valueAt: number, valueLength: number): void;
  remove(bytes: Buffer, keyAt: number, keyLength: number): void;
}

/**
 * The newest value of each of many nodes: a hash table over one piece of memory. Nothing is made for a node, and an update of a
 * node that is there already writes over its value: most of what a long journal says is gone before any database sees it.
 */
export class NodeBatch {
  #arena = Buffer.allocUnsafeSlow(arenaMin);
  #used = 0;
  #size = 0;
  /** Two numbers for each slot: an entry's number from 1 (0: free), and the hash of its key. At most half of the slots are taken. */
  #slots = new Int32Array(4 * entriesMin);
  /** Entries one behind the other, so that a node is two places in memory: its entry, and its key and value. */
  #entries = new Int32Array(entriesMin << entryShift);

  /** Nodes in it. */
  get size(): number {
    return this.#size;
  }

  /** Memory that it needs. */
  get bytes(): number {
    return this.#used + this.#size * entryBytes;
  }

  set(source: Buffer, keyAt: number, keyLength: number, valueAt: number, valueLength: number): void {
    const at = this.#entryOf(source, keyAt, keyLength, valueLength) << entryShift;
    const entries = this.#entries;
    if (valueLength > (entries[at + roomAt] as number)) {
      this.#reserve(valueLength);
      entries[at + valueAtAt] = this.#used;
      entries[at + roomAt] = valueLength;
      this.#used += valueLength;
    }
    copyBytes(source, valueAt, this.#arena, entries[at + valueAtAt] as number, valueLength);
    entries[at + valueLengthAt] = valueLength;
  }

  /** The node goes away. */
  remove(source: Buffer, keyAt: number, keyLength: number): void {
    const entry = this.#entryOf(source, keyAt, keyLength, 0);
    this.#entries[(entry << entryShift) + valueLengthAt] = removed;
  }

  clear(): void {
    this.#used = this.#size = 0;
    if (this.#arena.length > arenaKept) {
      this.#arena = Buffer.allocUnsafeSlow(arenaMin);
      this.#resize(entriesMin);
    } else this.#slots.fill(0);
  }

  /** Sees all nodes in key order. */
  inOrder(visitor: NodeVisitor): void {
    for (const entry of this.#sorted()) {
      const length = this.#of(entry, valueLengthAt);
      const keyAt = this.#of(entry, keyAtAt);
      const keyLength = this.#of(entry, keyLengthAt);
      if (length === removed) visitor.remove(this.#arena, keyAt, keyLength);
      else visitor.upsert(this.#arena, keyAt, keyLength, this.#of(entry, valueAtAt), length);
    }
  }

  /** As strings, in the order in which they came first; a value is null where the node goes away. */
  texts(): { keys: Key[]; values: (Bytes | null)[] } {
    // One string, and parts of it: a takeover waits for this, and a string made from bytes costs ten times as much.
    const all = this.#arena.latin1Slice(0, this.#used);
    const keys: Key[] = [];
    const values: (Bytes | null)[] = [];
    for (let entry = 0; entry < this.#size; entry++) {
      const [at, length] = [this.#of(entry, valueAtAt), this.#of(entry, valueLengthAt)];
      const keyAt = this.#of(entry, keyAtAt);
      keys.push(all.slice(keyAt, keyAt + this.#of(entry, keyLengthAt)));
      values.push(length === removed ? null : all.slice(at, at + length));
    }
    return { keys, values };
  }

  #of(entry: number, field: number): number {
    return this.#entries[(entry << entryShift) + field] as number;
  }

  /** The key's entry, made where there is none, with that much room for its value. */
  #entryOf(source: Buffer, keyAt: number, keyLength: number, room: number): number {
    const hash = hashOf(source, keyAt, keyLength);
    const slot = this.#slotOf(hash, source, keyAt, keyLength);
    const found = this.#slots[slot] as number;
    return found > 0 ? found - 1 : this.#add(hash, slot, source, keyAt, keyLength, room);
  }

  #add(hash: number, slot: number, source: Buffer, keyAt: number, keyLength: number, room: number): number {
    const entry = this.#size++;
    assert(entry < entriesMax, 'a batch is committed before it is too large to be sorted');
    this.#reserve(keyLength + room);
    copyBytes(source, keyAt, this.#arena, this.#used, keyLength);
    const [at, entries] = [entry << entryShift, this.#entries];
    entries[at + hashAt] = hash;
    entries[at + keyAtAt] = this.#used;
    entries[at + keyLengthAt] = keyLength;
    entries[at + valueAtAt] = this.#used + keyLength;
    entries[at + roomAt] = room;
    this.#used += keyLength + room;
    this.#slots[slot] = entry + 1;
    this.#slots[slot + 1] = hash;
    if (this.#size << entryShift === entries.length) this.#resize(2 * this.#size);
    return entry;
  }

  /** Where the key's entry stands in the table, or belongs. */
  #slotOf(hash: number, source: Buffer, keyAt: number, keyLength: number): number {
    const [slots, entries] = [this.#slots, this.#entries];
    const mask = slots.length - 2;
    for (let slot = (hash << 1) & mask; ; slot = (slot + 2) & mask) {
      const entry = (slots[slot] as number) - 1;
      if (entry < 0) return slot;
      if (slots[slot + 1] !== hash) continue;
      const at = entry << entryShift;
      if (entries[at + keyLengthAt] !== keyLength) continue;
      if (areEqual(source, keyAt, this.#arena, entries[at + keyAtAt] as number, keyLength)) return slot;
    }
  }

  #reserve(bytes: number): void {
    if (this.#used + bytes <= this.#arena.length) return;
    const grown = Buffer.allocUnsafeSlow(Math.max(2 * this.#arena.length, this.#used + bytes));
    this.#arena.copy(grown, 0, 0, this.#used);
    this.#arena = grown;
  }

  #resize(entries: number): void {
    const before = this.#entries;
    this.#entries = new Int32Array(entries << entryShift);
    this.#entries.set(before.subarray(0, this.#size << entryShift));
    this.#slots = new Int32Array(4 * entries);
    const mask = this.#slots.length - 2;
    for (let entry = 0; entry < this.#size; entry++) {
      const hash = this.#of(entry, hashAt);
      let slot = (hash << 1) & mask;
      while (this.#slots[slot] !== 0) slot = (slot + 2) & mask;
      this.#slots[slot] = entry + 1;
      this.#slots[slot + 1] = hash;
    }
  }

  #sorted(): Uint32Array {
    const order = Uint32Array.from({ length: this.#size }, (_, entry) => entry);
    this.#sort(order, new Float64Array(this.#size), 0, order.length, 0);
    return order;
  }

  /** Puts `order[from, to)` in order; its keys are equal before `depth`. By words of four bytes, each with its entry's number behind it. */
  #sort(order: Uint32Array, words: Float64Array, from: number, to: number, depth: number): void {
    const start = depth + this.#shared(order, from, to, depth);
    for (let i = from; i < to; i++) words[i] = this.#word(order[i] as number, start) * entriesMax + (order[i] as number);
    words.subarray(from, to).sort();
    for (let i = from; i < to; i++) order[i] = (words[i] as number) % entriesMax;
    for (let first = from; first < to;) {
      const word = Math.floor((words[first] as number) / entriesMax);
      let end = first + 1;
      while (end < to && Math.floor((words[end] as number) / entriesMax) === word) end++;
      if (end - first > fewEntries) this.#sort(order, words, first, end, start + 4);
      else if (end - first > 1) this.#sortFew(order, first, end);
      first = end;
    }
  }

  #sortFew(order: Uint32Array, from: number, to: number): void {
    for (let i = from + 1; i < to; i++) {
      const entry = order[i] as number;
      let at = i;
      for (; at > from && this.#compare(order[at - 1] as number, entry) > 0; at--) order[at] = order[at - 1] as number;
      order[at] = entry;
    }
  }

  #compare(a: number, b: number): number {
    const [atA, atB] = [this.#of(a, keyAtAt), this.#of(b, keyAtAt)];
    return this.#arena.compare(this.#arena, atB, atB + this.#of(b, keyLengthAt), atA, atA + this.#of(a, keyLengthAt));
  }

  /** How many bytes from `depth` on are the same in all keys of `order[from, to)`. */
  #shared(order: Uint32Array, from: number, to: number, depth: number): number {
    const first = order[from] as number;
    const at = this.#of(first, keyAtAt) + depth;
    let shared = this.#of(first, keyLengthAt) - depth;
    for (let i = from + 1; i < to && shared > 0; i++) {
      const other = this.#of(order[i] as number, keyAtAt) + depth;
      shared = Math.min(shared, this.#of(order[i] as number, keyLengthAt) - depth);
      let same = 0;
      while (same < shared && this.#arena[at + same] === this.#arena[other + same]) same++;
      shared = same;
    }
    return Math.max(0, shared);
  }

  /** Four bytes of a key, zeros behind its end. */
  #word(entry: number, depth: number): number {
    const left = this.#of(entry, keyLengthAt) - depth;
    const at = this.#of(entry, keyAtAt) + depth;
    let word = 0;
    for (let i = 0; i < 4; i++) word = word * 256 + (i < left ? (this.#arena[at + i] as number) : 0);
    return word;
  }
}

function hashOf(bytes: Buffer, at: number, length: number): number {
  let hash = length;
  for (let i = at; i < at + length; i++) hash = Math.imul(hash ^ (bytes[i] as number), 0x0100_0193);
  hash ^= hash >>> 15;
  return Math.imul(hash, 0x2c1b_3c6d) ^ (hash >>> 12);
}

function areEqual(a: Buffer, atA: number, b: Buffer, atB: number, length: number): boolean {
  for (let i = length - 1; i >= 0; i--) if (a[atA + i] !== b[atB + i]) return false;
  return true;
}

/** A loop is quicker than a call for as many bytes as most keys and values have. */
function copyBytes(from: Buffer, fromAt: number, to: Buffer, toAt: number, length: number): void {
  if (length > 64) from.copy(to, toAt, fromAt, fromAt + length);
  else for (let i = 0; i < length; i++) to[toAt + i] = from[fromAt + i] as number;
}
