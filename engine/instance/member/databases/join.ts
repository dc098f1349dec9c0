import { notePending, sharedOf } from '../../../database/index.ts';
import type { MirrorDatabase } from '../../../mirror/index.ts';
import type { OpenDatabase } from '../../executor/index.ts';
import type { Primary } from './context.ts';

/** A database whose file says that it is to be the mirror's becomes that, durably: nothing feeds it yet. */
export function joinMirror(database: OpenDatabase, made: MirrorDatabase, { member, host }: Pick<Primary, 'member' | 'host'>): void {
  host.bindNew(database);
  const entry = { ...made, properties: sharedOf(database.nodes.properties) };
  member.changeMembership((m) => ({ ...m, databases: [...m.databases.filter(({ name }) => name !== entry.name), entry] }));
  notePending(database.directory, null);
}
