import { GemelError } from '../api/errors.ts';
import type { Bytes, Key, Node, NodeReader, NodeWriter } from './bytes.ts';
import { globalKey, isWithin, movedKey, nameOf, nodeKey, parentKey, prefixEnd, subscriptBelow } from './key.ts';
import { addNumeric } from './number.ts';
import { endsEmpty } from './subscript.ts';

/** Forward or backward in the order of nodes. */
export type Direction = 1 | -1;

/** Before every stored subscript of a level, and after the level's parent. */
const LEVEL_START = '\x01';
/** After every key. */
const LAST_KEY = '\xff';

/** 0 nothing, 1 a value, 10 descendants, 11 both. Throws `SUBSCRIPT` for an empty last subscript. */
export function data(reader: NodeReader, key: Key): 0 | 1 | 10 | 11 {
  const first = reader.next(nodeKey(key), prefixEnd(key), true);
  if (first === undefined) return 0;
  if (first.key !== key) return 10;
  return reader.next(key, prefixEnd(key), false) === undefined ? 1 : 11;
}

/**
 * The next (1) or previous (-1) subscript at the key's last level that has a value or descendants, '' at the end.
 * An empty last subscript asks for the first or the last one. Throws `SYNTAX` for a key without subscripts (see `nextGlobal`).
 */
export function order(reader: NodeReader, key: Key, direction: Direction): Bytes {
  const parent = parentKey(key);
  if (parent === undefined) {
    throw new GemelError(
      'SYNTAX',
      'A next subscript can be asked for only below a global.',
      'Nothing was changed.',
      'Add a subscript, "" for the first or last one.',
    );
  }
  const found =
    direction === 1
      ? reader.next(prefixEnd(key), prefixEnd(parent), true)
      : reader.previous(endsEmpty(key) ? prefixEnd(parent) : key, parent + LEVEL_START);
  return found === undefined ? '' : subscriptBelow(parent, found.key);
}

/** The next or previous node that has a value, in the same global; undefined at the end. A last empty subscript stands for the start (end) of its level. */
export function query(reader: NodeReader, key: Key, direction: Direction = 1): Node | undefined {
  const start = globalKey(nameOf(key));
  if (direction === 1) return reader.next(key, prefixEnd(start), false);
  const from = endsEmpty(key) ? prefixEnd(key.slice(0, -1)) : key;
  return reader.previous(from, start);
}

/** The name of the next or previous global that holds a node, '' at the end; from '' the first or last one. */
export function nextGlobal(reader: NodeReader, name: Bytes, direction: Direction): Bytes {
  const found =
    direction === 1
      ? reader.next(name === '' ? '' : prefixEnd(globalKey(name)), LAST_KEY, true)
      : reader.previous(name === '' ? LAST_KEY : globalKey(name), '');
  return found === undefined ? '' : nameOf(found.key);
}

/**
 * The nodes of a subtree, itself first, one a call. It goes by keys, so nodes may change between calls: one added
 * behind it is not seen, one added before it is.
 */
export class SubtreeCursor {
  private readonly reader: NodeReader;
  private readonly end: Key;
  private at: Key;
  private inclusive = true;

  /** Throws `SUBSCRIPT` for an empty last subscript. */
  constructor(reader: NodeReader, key: Key) {
    this.reader = reader;
    this.at = nodeKey(key);
    this.end = prefixEnd(key);
  }

  next(): Node | undefined {
    const node = this.reader.next(this.at, this.end, this.inclusive);
    if (node === undefined) return undefined;
    this.at = node.key;
    this.inclusive = false;
    return node;
  }
}

/** Work on many nodes, done in slices. */
export interface Steps {
  /** Handles up to `count` nodes more; true once all is done. Must not be called again after that or after a throw. */
  step(count: number): boolean;
}

class KillSteps implements Steps {
  private readonly writer: NodeWriter;
  private readonly nodes: SubtreeCursor;

  constructor(writer: NodeWriter, key: Key) {
    this.writer = writer;
    this.nodes = new SubtreeCursor(writer, key);
  }

  step(count: number): boolean {
    for (let left = count; left > 0; left--) {
      const node = this.nodes.next();
      if (node === undefined) return true;
      this.writer.delete(node.key);
    }
    return false;
  }
}

/** Removes a node and its descendants in slices. Throws `SUBSCRIPT` for an empty last subscript. */
export function startKill(writer: NodeWriter, key: Key): Steps {
  return new KillSteps(writer, key);
}

/** Removes a node and its descendants in one go. */
export function kill(writer: NodeWriter, key: Key): void {
  finish(startKill(writer, key));
}

/** Removes the node alone; its descendants stay. */
export function zkill(writer: NodeWriter, key: Key): void {
  writer.delete(nodeKey(key));
}

class MergeSteps implements Steps {
  private readonly to: NodeWriter;
  private readonly toKey: Key;
  private readonly fromLength: number;
  /** First looks whether every key will fit, where keys grow; nothing is changed when one does not. */
  private check: SubtreeCursor | undefined;
  private readonly nodes: SubtreeCursor;

  constructor(to: NodeWriter, toKey: Key, from: NodeReader, fromKey: Key) {
    this.to = to;
    this.toKey = nodeKey(toKey);
    this.fromLength = fromKey.length;
    this.nodes = new SubtreeCursor(from, fromKey);
    this.check = toKey.length > fromKey.length ? new SubtreeCursor(from, fromKey) : undefined;
  }

  step(count: number): boolean {
    for (let left = count; left > 0; left--) {
      if (this.check !== undefined) {
        const node = this.check.next();
        if (node === undefined) this.check = undefined;
        else this.moved(node);
        continue;
      }
      const node = this.nodes.next();
      if (node === undefined) return true;
      this.to.set(this.moved(node), node.value);
    }
    return false;
  }

  private moved(node: Node): Key {
    return movedKey(this.toKey, node.key, this.fromLength);
  }
}

/**
 * Copies the subtree at `fromKey` onto `toKey` in slices; nodes there that the source has not stay.
 * Throws `ERR` when one subtree lies in the other (of the same database, that is the same reader), `SUBSCRIPT` for an
 * empty last subscript; its steps throw `SUBSCRIPT` before the first change when a copied key would be too long.
 */
export function startMerge(to: NodeWriter, toKey: Key, from: NodeReader, fromKey: Key): Steps {
  if (to === from && (isWithin(toKey, fromKey) || isWithin(fromKey, toKey))) {
    throw new GemelError(
      'ERR',
      'A subtree cannot be merged into itself, its own descendants or its own ancestors.',
      'Nothing was changed.',
      'Merge it to a place outside, and from there.',
    );
  }
  return new MergeSteps(to, toKey, from, fromKey);
}

/** `startMerge` in one go. */
export function merge(to: NodeWriter, toKey: Key, from: NodeReader, fromKey: Key): void {
  finish(startMerge(to, toKey, from, fromKey));
}

/** Adds `by` to what the node counts as (its leading number, 0 without one), sets and returns the canonical sum. Throws `ERR` when it is too large. */
export function increment(writer: NodeWriter, key: Key, by: Bytes): Bytes {
  const sum = addNumeric(writer.get(nodeKey(key)) ?? '', by);
  writer.set(key, sum);
  return sum;
}

function finish(steps: Steps): void {
  while (!steps.step(1000));
}
