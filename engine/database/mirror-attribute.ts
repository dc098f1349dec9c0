import type { Position } from '../api/status.ts';
import type { Bytes, Key } from '../globals/index.ts';
import { mirrorPositionKey } from './mirror-position.ts';
import { DatabaseWriter } from './writer.ts';

/** What becomes of a mirrored database's file when its instance leaves the mirror. Nobody else may write the file meanwhile. */

/** Stands in `extra` of a database that was left mirrored: it belongs to no mirror that its instance is a member of until it is activated. */
const RETAINED = 'retained';

/** Whether a database has kept the attribute of a mirror that its instance has left. */
export function isRetained({ extra }: { readonly extra: Readonly<Record<string, unknown>> }): boolean {
  return extra[RETAINED] === true;
}

/** Keeps the attribute. Durable when it returns. Throws as `DatabaseWriter` does. */
export function retainMirrored(directory: string): void {
  const writer = DatabaseWriter.open(directory);
  try {
    writer.updateProperties({ extra: { ...writer.meta.extra, [RETAINED]: true } });
  } finally {
    writer.close();
  }
}

/**
 * Makes it an ordinary database, in one commit, which is durable when it returns. Throws as `DatabaseWriter` does, and has changed nothing then.
 * @param undo what open transactions changed, newest first, each with its value before; undefined: there was none
 * @param journal of the instance itself, with the position from which it feeds the database
 */
export function unmirror(
  directory: string,
  undo: readonly { readonly key: Key; readonly old: Bytes | undefined }[],
  journal: { readonly guid: string; readonly position: Position },
): void {
  const before = new Map<Key, Bytes | undefined>();
  for (const { key, old } of undo) before.set(key, old);
  const writer = DatabaseWriter.open(directory);
  try {
    writer.begin();
    for (const [key, old] of before) {
      if (old === undefined) writer.remove(key);
      else writer.upsert(key, old);
    }
    const { [RETAINED]: _retained, ...extra } = writer.meta.extra;
    writer.remove(mirrorPositionKey);
    writer.updateProperties({ mirror: null, extra });
    writer.commit({ journalId: journal.guid, position: journal.position, openStart: null });
  } finally {
    writer.close();
  }
}
