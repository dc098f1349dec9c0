/**
 * A binary string: each character is one byte (0-255). Comparing two of them with `<` compares their bytes.
 */
export type Bytes = string;

/** A node's key inside one database: the global's name and its encoded subscripts. Key order is node order. */
export type Key = Bytes & { readonly __key?: never };

/** One node of a database. */
export interface Node {
  readonly key: Key;
  readonly value: Bytes;
}

/** What the global operations need to read of a database. All keys are within one database. */
export interface NodeReader {
  get(key: Key): Bytes | undefined;
  /** The first node with `from <= key < end` (`from < key` unless `inclusive`). */
  next(from: Key, end: Key, inclusive: boolean): Node | undefined;
  /** The last node with `start <= key < from`. */
  previous(from: Key, start: Key): Node | undefined;
}

/** What they need to change. */
export interface NodeWriter extends NodeReader {
  set(key: Key, value: Bytes): void;
  delete(key: Key): void;
}
