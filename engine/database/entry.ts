import type { Bytes, Key } from '../globals/index.ts';

/** The newest change of one node. */
export interface Entry {
  readonly key: Key;
  /** undefined: the node was deleted (a tombstone) */
  value: Bytes | undefined;
  ticket: number;
  /** The generation of that change: greater than the last one dropped while the file may not have it. */
  generation: number;
}

/** What an entry takes beside the characters of its key and value, about: two strings, the object, its places in a map and a block. */
const ENTRY_BYTES = 168;

export function entryBytes(entry: Entry): number {
  return ENTRY_BYTES + entry.key.length + (entry.value?.length ?? 0);
}
