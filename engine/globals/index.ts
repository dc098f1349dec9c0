export type { Bytes, Key, Node, NodeReader, NodeWriter } from './bytes.ts';
export { decodeKey, encodeKey, isWithin, nameOf, nodeKey, prefixEnd } from './key.ts';
export { lowerBound } from './lower-bound.ts';
export { addNumeric } from './number.ts';
export { SubtreeCursor, data, increment, order, query, startKill, startMerge, type Steps } from './operations.ts';
export { formatReference, parseReference, type Environment } from './reference.ts';
