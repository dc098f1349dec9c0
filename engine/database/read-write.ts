import type { Position } from '../api/status.ts';
import { assert } from '../io/assert.ts';
import { mirrorPositionKey, mirrorPositionValue } from './mirror-position.ts';
import { DatabaseWriter } from './writer.ts';

/**
 * Clears a mirrored database's FailoverDB flag: from now on its file stands in the local journal, and says in a node of its own how
 * far it is in the mirror's. All of it in one commit that is durable when this returns. Nobody else may have the file open for writing.
 * @param local the local journal; everything before `position` has nothing to do with this database
 * @throws GemelError as `DatabaseWriter` does
 */
export function clearFailoverFlag(directory: string, local: { readonly journalId: string; readonly position: Position }): void {
  const writer = DatabaseWriter.open(directory);
  try {
    const { mirror, position } = writer.meta;
    assert(mirror !== null && mirror.failoverDB, 'only what is mirrored has the flag, and it is cleared once');
    writer.begin();
    writer.upsert(mirrorPositionKey, mirrorPositionValue(position));
    writer.updateProperties({ mirror: { ...mirror, failoverDB: false } });
    writer.commit({ ...local, openStart: null });
    writer.checkpointWal();
  } finally {
    writer.close();
  }
}
