import type { Bytes, Key } from '../../globals/index.ts';

/** What an open transaction changed: the node's value before; undefined: there was none. */
export interface UndoEntry {
  readonly key: Key;
  readonly old: Bytes | undefined;
}

const NONE = 0xffffffff;

/** Lengths, then bytes, of each in order. */
export function encodeUndo(entries: readonly UndoEntry[]): Buffer {
  return Buffer.concat(
    entries.map(({ key, old }) => {
      const lengths = Buffer.alloc(8);
      lengths.writeUInt32LE(key.length, 0);
      lengths.writeUInt32LE(old?.length ?? NONE, 4);
      return Buffer.concat([lengths, Buffer.from(key + (old ?? ''), 'latin1')]);
    }),
  );
}

/** null: the bytes are no such list. */
export function decodeUndo(bytes: Buffer): UndoEntry[] | null {
  const entries: UndoEntry[] = [];
  let at = 0;
  while (at < bytes.length) {
    if (at + 8 > bytes.length) return null;
    const keyEnd = at + 8 + bytes.readUInt32LE(at);
    const oldBytes = bytes.readUInt32LE(at + 4);
    const end = keyEnd + (oldBytes === NONE ? 0 : oldBytes);
    if (end > bytes.length) return null;
    entries.push({ key: bytes.latin1Slice(at + 8, keyEnd), old: oldBytes === NONE ? undefined : bytes.latin1Slice(keyEnd, end) });
    at = end;
  }
  return entries;
}
