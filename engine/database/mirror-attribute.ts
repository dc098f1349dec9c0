import { z } from 'zod';
import { Position } from '../api/status.ts';
import type { Bytes, Key } from '../globals/index.ts';
import type { DatabaseMeta } from './file.ts';
import { LIMITED } from './properties.ts';
import { mirrorPositionKey, mirrorPositionValue } from './mirror-position.ts';
import { DatabaseWriter } from './writer.ts';

/** What a file says about its place in a mirror, and how that changes: each change is one commit, durable when it returns. Nobody else may write the file meanwhile. */

/** Stands in `extra` of a database that was left mirrored: it belongs to no mirror that its instance is a member of until it is activated. */
const RETAINED = 'retained';

/** Whether a database has kept the attribute of a mirror that its instance has left. */
export function isRetained({ extra }: { readonly extra: Readonly<Record<string, unknown>> }): boolean {
  return extra[RETAINED] === true;
}

/** Instance that the copy was made or activated for. */
const HOME = 'home';
/** Dejournaling of this copy was paused by an operator. */
const PAUSED = 'paused';
/** A change of what the mirror has, of which it is not known yet whether the mirror has taken it. */
const PENDING = 'pending';

const Pending = z.discriminatedUnion('what', [
  z.object({ what: z.literal('add') }),
  z.object({ what: z.literal('remove') }),
  /** It is to be emptied, and is the database of that guid then, from that position on. */
  z.object({ what: z.literal('recreate'), guid: z.string(), position: Position }),
]);
/** What the instance that was primary had begun with a database when it ended. */
export type Pending = z.infer<typeof Pending>;

type Said = Pick<DatabaseMeta, 'extra'>;

/** null: nothing is. */
export function pendingOf({ extra }: Said): Pending | null {
  const parsed = Pending.safeParse(extra[PENDING]);
  return parsed.success ? parsed.data : null;
}

/** Whether a mirrored copy was brought here from another instance: nothing feeds it before it is activated. */
export function isForeign({ extra, mirror }: Said & Pick<DatabaseMeta, 'mirror'>, instance: string): boolean {
  const home = extra[HOME];
  return mirror !== null && typeof home === 'string' && home !== instance;
}

/** What a mirrored database says about the instance that it is made for. */
export function homeOf(instance: string): Readonly<Record<string, unknown>> {
  return { [HOME]: instance };
}

export function isPaused({ extra }: Said): boolean {
  return extra[PAUSED] === true;
}

function without(extra: Readonly<Record<string, unknown>>, ...names: readonly string[]): Record<string, unknown> {
  return Object.fromEntries(Object.entries(extra).filter(([name]) => !names.includes(name)));
}

/** Throws as `DatabaseWriter` does, and has changed nothing then. */
function changed(directory: string, change: (writer: DatabaseWriter) => void): void {
  const writer = DatabaseWriter.open(directory);
  try {
    change(writer);
  } finally {
    writer.close();
  }
}

function changeExtra(directory: string, change: (extra: Readonly<Record<string, unknown>>) => Record<string, unknown>): void {
  changed(directory, (writer) => writer.updateProperties({ extra: change(writer.meta.extra) }));
}

/** null: nothing is pending any more. */
export function notePending(directory: string, pending: Pending | null): void {
  changeExtra(directory, (extra) => ({ ...without(extra, PENDING), ...(pending === null ? {} : { [PENDING]: pending }) }));
}

/** Of the instance that it is fed on from now on. */
export function activateCopy(directory: string, instance: string): void {
  changeExtra(directory, (extra) => ({ ...without(extra, RETAINED, PENDING, PAUSED, LIMITED), ...homeOf(instance) }));
}

export function setPaused(directory: string, paused: boolean): void {
  changeExtra(directory, (extra) => ({ ...without(extra, PAUSED), ...(paused ? { [PAUSED]: true } : {}) }));
}

/**
 * Makes a database that is not mirrored one of a mirror, whose journal feeds it from that position on; that the mirror has it is `pending`.
 * @param instance that it belongs to
 */
export function makeMirrored(
  directory: string,
  mirror: { readonly name: string; readonly guid: string; readonly database: string },
  position: Position,
  instance: string,
): void {
  changed(directory, (writer) => {
    const { name, guid, database } = mirror;
    writer.begin();
    const extra = { ...writer.meta.extra, ...homeOf(instance), [PENDING]: { what: 'add' } satisfies Pending };
    writer.updateProperties({ mirror: { name, guid, database, failoverDB: true }, extra });
    writer.commit({ journalId: guid, position: position, openStart: null });
  });
}

/**
 * Empties a database: it is the one of that guid then, complete in the journal that feeds it from that position on.
 * @param inMirror of one that is updated here too: how far it is in the mirror's journal
 */
export function recreate(directory: string, guid: string, position: Position, inMirror?: Position): void {
  changed(directory, (writer) => {
    const { extra, journalId } = writer.meta;
    writer.begin();
    writer.clear();
    if (inMirror !== undefined) writer.upsert(mirrorPositionKey, mirrorPositionValue(inMirror));
    writer.updateProperties({ guid, extra: without(extra, PENDING, PAUSED) });
    writer.commit({ journalId: journalId ?? '', position: position, openStart: null });
  });
}

/**
 * The journal up to the position has nothing that the database lacks.
 * @param openStart where a transaction may have begun that is open there; null: none is
 */
export function moveTo(directory: string, position: Position, openStart: Position | null): void {
  changed(directory, (writer) => {
    writer.begin();
    writer.commit({ journalId: writer.meta.journalId ?? '', position, openStart });
  });
}

/** Keeps the attribute. Durable when it returns. Throws as `DatabaseWriter` does. */
export function retainMirrored(directory: string): void {
  changeExtra(directory, (extra) => ({ ...extra, [RETAINED]: true }));
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
    const extra = without(writer.meta.extra, RETAINED, HOME, PENDING, PAUSED, LIMITED);
    writer.remove(mirrorPositionKey);
    writer.updateProperties({ mirror: null, extra });
    writer.commit({ journalId: journal.guid, position: journal.position, openStart: null });
  } finally {
    writer.close();
  }
}
