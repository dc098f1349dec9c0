import type { Bytes, Key } from '../globals/index.ts';

/** The newest change of one node within one generation. */
export interface Entry {
  readonly key: Key;
  /** undefined: the node was deleted (a tombstone) */
  value: Bytes | undefined;
  ticket: number;
}

/** What an entry takes beside the characters of its key and value, about: two strings, the object, its places in a map and a block. */
const ENTRY_BYTES = 160;

export function entryBytes(entry: Entry): number {
  return ENTRY_BYTES + entry.key.length + (entry.value?.length ?? 0);
}
