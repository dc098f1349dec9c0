import { GemelError } from '../api/errors.ts';
import type { Bytes, Key } from './bytes.ts';
import { KEY_MAX, appendSubscript, builder, decodeSubscript, endsEmpty, keyTooLong, subscriptEnd, type KeyBuilder } from './subscript.ts';

/** Characters of a global's name. */
export const NAME_MAX = 31;

/** Ends a name in a key: sorts before every character of a name, so that names keep their order. */
const NAME_END = '\0';
const NAME_END_CODE = 0;
/** No encoded subscript begins with this byte: a key plus it lies after the node's last descendant. */
const AFTER = '\xff';

/** A key in readable parts; subscripts as their text (numbers canonical). */
export interface KeyParts {
  readonly name: Bytes;
  readonly subscripts: readonly Bytes[];
}

function subscriptError(what: string, todo: string): GemelError {
  return new GemelError('SUBSCRIPT', what, 'Nothing was changed.', todo);
}

export function emptySubscript(): GemelError {
  return subscriptError(
    'The empty string can be a subscript only as the last one, and only to ask for the next or previous one.',
    'Give a subscript that is not empty.',
  );
}

/** The key of the descendant of `to` that stands to it as `key` to its ancestor of `length` bytes. Throws `SUBSCRIPT` when that is too long. */
export function movedKey(to: Key, key: Key, length: number): Key {
  if (to.length + key.length - length > KEY_MAX) throw keyTooLong(to.length + key.length - length);
  builder.start();
  builder.text(to, 0, to.length);
  builder.text(key, length, key.length);
  return builder.key();
}

/** Throws `SUBSCRIPT` when the key stands for the start or end of a level and not for a node. Returns it otherwise. */
export function nodeKey(key: Key): Key {
  if (endsEmpty(key)) throw emptySubscript();
  return key;
}

function isLetter(c: number): boolean {
  return (c >= 0x41 && c <= 0x5a) || (c >= 0x61 && c <= 0x7a);
}

/** Where the global's name that begins at `from` ends; `from` itself where none begins. */
export function nameEnd(text: Bytes, from: number): number {
  let at = text.charCodeAt(from) === 0x25 ? from + 1 : from;
  if (!isLetter(text.charCodeAt(at))) return from;
  for (let c = text.charCodeAt(at); isLetter(c) || (c >= 0x30 && c <= 0x39) || c === 0x2e; c = text.charCodeAt(at)) at++;
  while (text.charCodeAt(at - 1) === 0x2e) at--;
  return at;
}

/** Appends the key of the global `text[start..end)`, where `nameEnd` found a name. Throws `SUBSCRIPT` when it is too long. */
export function appendName(to: KeyBuilder, text: Bytes, start: number, end: number): void {
  if (end - start > NAME_MAX)
    throw subscriptError(`The name has ${end - start} characters; ${NAME_MAX} are allowed.`, 'Use a shorter name.');
  to.text(text, start, end);
  to.byte(NAME_END_CODE);
}

/** The key of a global's unsubscripted node. Throws `SYNTAX` for a name that is none, `SUBSCRIPT` for one too long. */
export function globalKey(name: Bytes): Key {
  return encodeKey(name, []);
}

/**
 * @param subscripts as text; a canonical number counts as a number. '' only as the last one.
 * @throws GemelError SYNTAX, SUBSCRIPT
 */
export function encodeKey(name: Bytes, subscripts: readonly Bytes[]): Key {
  if (name === '' || nameEnd(name, 0) !== name.length) {
    throw new GemelError(
      'SYNTAX',
      'That is not a name of a global.',
      'Nothing was changed.',
      'A name is a letter, or % and a letter, followed by letters, digits and points; a point cannot be the last.',
    );
  }
  builder.start();
  appendName(builder, name, 0, name.length);
  for (const subscript of subscripts) {
    if (builder.endsEmpty) throw emptySubscript();
    appendSubscript(builder, subscript, 0, subscript.length);
  }
  return builder.key();
}

/** Throws `DAMAGED` for bytes that no `encodeKey` made. */
export function decodeKey(key: Key): KeyParts {
  const name = nameOf(key);
  const subscripts: Bytes[] = [];
  for (let at = name.length + 1; at < key.length;) {
    const end = subscriptEnd(key, at);
    subscripts.push(decodeSubscript(key, at, end));
    at = end;
  }
  return { name, subscripts };
}

/** The name of a key's global. Throws `DAMAGED`. */
export function nameOf(key: Key): Bytes {
  const end = key.indexOf(NAME_END);
  if (end <= 0) throw new GemelError('DAMAGED', 'A key has no name.', 'Nothing was changed.', 'Verify the database.');
  return key.slice(0, end);
}

/** The end (not included) of a node's descendants: they are the keys with `key < k < prefixEnd(key)`. */
export function prefixEnd(key: Key): Key {
  return key + AFTER;
}

/** Whether `key` is `ancestor` or one of its descendants. */
export function isWithin(key: Key, ancestor: Key): boolean {
  return key.startsWith(ancestor);
}

/** Number of subscripts. */
export function depth(key: Key): number {
  let levels = 0;
  for (let at = key.indexOf(NAME_END) + 1; at < key.length; at = subscriptEnd(key, at)) levels++;
  return levels;
}

/** The key without its last subscript; undefined for a global's unsubscripted node. */
export function parentKey(key: Key): Key | undefined {
  const first = key.indexOf(NAME_END) + 1;
  if (key.length === first) return undefined;
  let at = first;
  for (let end = subscriptEnd(key, at); end < key.length; end = subscriptEnd(key, at)) at = end;
  return key.slice(0, at);
}

/** The text of the first subscript of `key` below its ancestor `parent`, which is not `key` itself. */
export function subscriptBelow(parent: Key, key: Key): Bytes {
  return decodeSubscript(key, parent.length, subscriptEnd(key, parent.length));
}
