export type { Bytes, Key, Node, NodeReader, NodeWriter } from './bytes.ts';
export { NAME_MAX, decodeKey, depth, encodeKey, globalKey, isWithin, nameOf, nodeKey, parentKey, prefixEnd, subscriptBelow, type KeyParts } from './key.ts';
export { addNumeric } from './number.ts';
export {
  SubtreeCursor,
  data,
  increment,
  kill,
  merge,
  nextGlobal,
  order,
  query,
  startKill,
  startMerge,
  zkill,
  type Direction,
  type Steps,
} from './operations.ts';
export { KEY_MAX } from './subscript.ts';
export { formatReference, parseReference, type Bracket, type Environment, type Reference } from './reference.ts';
