import { GemelError } from '../../api/errors.ts';
import { conditionLine } from '../../api/conditions.ts';
import { notePending, pendingOf, recreate, unmirror, type Pending } from '../../database/index.ts';
import type { MirrorDatabase, MirrorRecord } from '../../mirror/index.ts';
import type { Log } from '../messages.ts';
import type { Store } from '../store/index.ts';

export type PendingEnd = 'keep' | 'unmirror' | 'empty';

/** What becomes of a database with which something was begun when the instance ended. @param entry what the mirror has of that name, by the own record */
export function pendingEnd(pending: Pending, guid: string, entry: Pick<MirrorDatabase, 'guid'> | undefined): PendingEnd {
  if (pending.what === 'recreate') return entry?.guid === pending.guid ? 'empty' : 'keep';
  return entry?.guid === guid ? 'keep' : 'unmirror';
}

/** Finishes what was begun with databases of a mirror, or takes it back. Nothing feeds them yet. */
export async function finishPending({ membership }: MirrorRecord, store: Store, log: Log): Promise<void> {
  for (const database of store.executor.namespaces.all()) {
    const meta = database.nodes.meta();
    const pending = pendingOf(meta);
    const { mirror } = meta;
    if (pending === null || mirror === null || mirror.guid !== membership.guid || database.isRetained) continue;
    const entry = membership.databases.find(({ name }) => name === mirror.database);
    const end = pendingEnd(pending, meta.guid, entry);
    const local = await store.localEnd();
    const { directory, name } = database;
    try {
      await store.reopened(database, () => {
        if (end === 'unmirror') unmirror(directory, [], { guid: store.instance, position: local });
        else if (end === 'empty' && pending.what === 'recreate') recreate(directory, pending.guid, pending.position);
        else notePending(directory, null);
      });
    } catch (error) {
      if (!(error instanceof GemelError)) throw error;
      log(
        2,
        conditionLine('DATABASE_UNFINISHED', `What was begun with the database ${name} cannot be finished: ${error.message}`, {
          database: name,
        }),
      );
      continue;
    }
    const is = { keep: 'is in the mirror', unmirror: 'is an ordinary database', empty: 'is made anew and empty' }[end];
    log(
      1,
      conditionLine('DATABASE_FINISHED', `What was begun with the database ${name} before the instance ended is over: it ${is}.`, {
        database: name,
      }),
    );
  }
}
