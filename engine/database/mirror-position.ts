import type { Position } from '../api/status.ts';
import type { Bytes, Key } from '../globals/index.ts';

/*
 * How far a database that also takes local updates has got in its mirror's journal. Its file's own position is one in the local
 * journal; this one is a node, recorded there together with the updates it speaks of. So whatever is replayed, both fit together.
 */

/** No reference names it: a name is a letter, or % and a letter, to begin with. */
export const mirrorPositionKey: Key = '%\0';

/** @param position null: nothing yet */
export function mirrorPositionValue(position: Position | null): Bytes {
  return position === null ? '' : `${position.file}:${position.offset}`;
}

/** null: nothing of the mirror's journal yet. */
export function parseMirrorPosition(value: Bytes | undefined): Position | null {
  const [, file, offset] = /^(\d+):(\d+)$/.exec(value ?? '') ?? [];
  return file === undefined || offset === undefined ? null : { file: Number(file), offset: Number(offset) };
}
