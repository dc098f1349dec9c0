import { conditionLine } from '../../../api/conditions.ts';
import { GemelError } from '../../../api/errors.ts';
import { notePending, unmirror } from '../../../database/index.ts';
import type { OpenDatabase } from '../../executor/index.ts';
import { confirmed } from '../confirmed.ts';
import { forgetMirrored } from '../map-mirrors.ts';
import { unmirrorOne } from '../removal.ts';
import { asPrimary, memberOfDatabase, mounted, requireSame, type DatabaseContext, type Here, type Primary } from './context.ts';
import { quiet } from './quiet.ts';

/**
 * Makes a mirrored database an ordinary one. On the primary the mirror has it no more, for good; on another member only this copy goes.
 * Throws NOT_FOUND, REFUSED, BUSYLOCK; TIMEOUT: it is an ordinary database here, and the mirror may still have it.
 */
export async function removeFromMirror(name: string, context: DatabaseContext): Promise<string> {
  const database = mounted(name, context);
  const { mirror } = database;
  if (mirror === null)
    throw new GemelError(
      'REFUSED',
      `The database ${database.name} is not mirrored.`,
      'Nothing was changed.',
      'gemel db list shows which are.',
    );
  const here = memberOfDatabase(database, context);
  const primary = here === null || database.isRetained || here.host.mirrored.isObsolete(database) ? null : asPrimary(here);
  if (primary === null) await removeCopy(database, here, context);
  else await removeForAll(database, mirror.database, primary, context);
  const text =
    primary === null
      ? `The database ${database.name} is an ordinary one here. The mirror ${mirror.name} and its other members were not changed.`
      : `The database ${database.name} was removed from the mirror ${mirror.name}. On each other member that has it: gemel db remove-from-mirror.`;
  context.log(1, conditionLine('DATABASE_REMOVED', text, { database: database.name }));
  context.changed();
  if (primary !== null) await confirmed(primary.member, primary.writer, mirror.database, unconfirmedRemoval);
  return text;
}

function unconfirmedRemoval(database: string, why: string): GemelError {
  return new GemelError(
    'TIMEOUT',
    `The database ${database} is an ordinary one here, but the mirror has not confirmed that it was removed: ${why}.`,
    'Its data is here; whether the mirror still has it depends on which member goes on as primary.',
    'See gemel mirror status there, and remove it there if it is still listed.',
  );
}

async function removeCopy(database: OpenDatabase, here: Here | null, context: DatabaseContext): Promise<void> {
  const { store, io } = context;
  if (here !== null && asPrimary(here) === null && here.host.writer !== null)
    throw new GemelError(
      'REFUSED',
      'This member is becoming primary, or handing over.',
      'Nothing was changed.',
      'Try again when that is over.',
    );
  if (here !== null && !database.isRetained) {
    if (database.fedByMirror) await here.host.mirrored.unfeed(database, null);
    else {
      await quiet(database, 'removed from the mirror', store.executor, io.clock);
      here.host.forgetReadWrite(database);
      await store.restLocal(database);
    }
  }
  // A copy that is not remembered and mirrored all the same is remembered at the next start.
  forgetMirrored(database, context);
  await unmirrorOne(database, context);
}

async function removeForAll(database: OpenDatabase, name: string, primary: Primary, context: DatabaseContext): Promise<void> {
  const { store, io, settings } = context;
  const { member, host, writer } = primary;
  await quiet(database, 'removed from the mirror', store.executor, io.clock);
  try {
    await host.mirrored.feed.drained(await writer.settled());
    const position = await store.localEnd();
    await host.mirrored.unfeed(database, null);
    requireSame(primary);
    const { directory } = database;
    const made = store.changed(database, () => {
      notePending(directory, { what: 'remove' });
      member.changeMembership((m) => ({ ...m, databases: m.databases.filter((each) => each.name !== name) }));
      forgetMirrored(database, context);
      unmirror(directory, [], { guid: settings.Startup.InstanceGUID, position });
    });
    if (made !== null) await store.takeLocally(made);
  } catch (error) {
    await putBack(database.name, primary, context);
    throw error;
  }
}

/** It is the mirror's database that it was, if the mirror still has it. */
export async function putBack(name: string, { host, writer }: Primary, { store }: DatabaseContext): Promise<void> {
  const database = host.mirrored.fed().find((each) => each === store.executor.namespaces.find(name));
  if (database === undefined || host.mirrored.isObsolete(database)) return;
  await host.mirrored.feedOne(database);
  if (host.writer === writer) host.bindNew(database);
}
