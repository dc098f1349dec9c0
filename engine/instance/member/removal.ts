import path from 'node:path';
import { z } from 'zod';
import { conditionLine } from '../../api/conditions.ts';
import { GemelError } from '../../api/errors.ts';
import { retainMirrored, unmirror } from '../../database/index.ts';
import type { Files, Io } from '../../io/index.ts';
import { journalDirectories, JournalFiles } from '../../journal/index.ts';
import { asError, AsyncMember, recordPath, writeRecord, type Mirror, type MirrorRecord } from '../../mirror/index.ts';
import { findMember, whyNotLeave, whyNotRemove, without } from '../../mirror/editing/index.ts';
import type { InstancePaths } from '../directory.ts';
import type { OpenDatabase } from '../executor/index.ts';
import type { Log } from '../messages.ts';
import { updateSettings, type Settings } from '../settings.ts';
import { openAtEnd, type Store } from '../store/index.ts';
import { askedOf } from './editing.ts';
import type { MemberHost } from './host.ts';

type Done = { message: string };

/**
 * What an operator has said when an instance leaves its mirror: `keep`: its databases keep the attribute; `unmirror`: they become ordinary
 * ones. It stands in a file of its own until all of it is done, so that an instance that ends in between goes on with it at its start.
 */
const Removal = z.object({ mirror: z.string(), guid: z.string(), databases: z.enum(['keep', 'unmirror']) });
export type Removal = z.infer<typeof Removal>;

export interface RemovalContext {
  readonly io: Io;
  readonly paths: InstancePaths;
  readonly settings: Settings;
  readonly log: Log;
  readonly store: Store;
  readonly resetClients: (why: string) => void;
}

// ------------------------------------------------------------ other members

/** Takes another member out of the mirror: on the primary any, on the backup, through the primary, an async. */
export async function removeMember(member: Mirror | AsyncMember, name: string): Promise<Done> {
  const target = findMember(member.membership, name);
  if (!('guid' in target)) throw asError(target);
  const refusal = whyNotRemove(askedOf(member), target);
  if (refusal !== null) throw asError(refusal);
  await member.wish({ what: 'remove', member: target.guid });
  return {
    message: `${target.name} is no longer a member of the mirror. It finds that out as soon as it is connected; what its databases are to be is said there: gemel mirror remove ${target.instance}`,
  };
}

// ------------------------------------------------------------ this member

/** Ends this instance's membership: resolves when its durable record says that it is none any more. */
export async function leaveMirror(
  member: Mirror | AsyncMember,
  host: MemberHost | null,
  removal: Removal,
  context: RemovalContext,
): Promise<string> {
  const asked = askedOf(member);
  const refusal = whyNotLeave(asked, member.membership);
  if (refusal !== null) throw asError(refusal);
  refuseInDoubt(context.store);
  await bringIn(member, host, context);
  writeRemoval(context.io.files, context.paths.mgr, removal);
  try {
    if (asked.standing === 'connected') await member.wish({ what: 'leave' });
    else if (asked.standing === 'primary') await endMirror(member, host, context);
    else member.leave();
  } catch (error) {
    dropRemoval(context.io.files, context.paths.mgr, removal.mirror);
    throw error;
  }
  const { mirror } = removal;
  if (asked.standing === 'primary') return `The mirror ${mirror} has ended.`;
  if (asked.standing === 'connected') return `This instance is no longer a member of the mirror ${mirror}.`;
  return `This instance is no longer a member of the mirror ${mirror}. The others do not know it yet: on the primary, gemel mirror remove-member INSTANCE ${asked.self.name}.`;
}

/** Nobody else could say it: whoever leaves would keep databases that take no updates. */
function refuseInDoubt({ inDoubt }: Store): void {
  if (inDoubt === 0) return;
  throw asError({
    code: 'REMOVE_IN_DOUBT',
    text: `${inDoubt} transactions over mirrored and unmirrored data are in doubt here.`,
    facts: { transactions: inDoubt },
  });
}

/** What a member has received and dejournals goes into its databases first: afterwards nobody does it. */
async function bringIn(member: Mirror | AsyncMember, host: MemberHost | null, { store }: RemovalContext): Promise<void> {
  if (askedOf(member).standing !== 'connected' || (member instanceof AsyncMember && member.dejournaler.halt !== null)) return;
  const received = member.journal.reach.end.position;
  for (const { directory } of host?.databases() ?? []) {
    const database = store.executor.namespaces.all().find((d) => d.directory === directory);
    if (database?.fedByMirror === true) await store.contained(database, received);
  }
}

/** The last member: what its clients have begun ends, and its databases get everything that is durable before it is none any more. */
async function endMirror(member: Mirror | AsyncMember, host: MemberHost | null, { store, resetClients }: RemovalContext): Promise<void> {
  try {
    await host?.drain();
    resetClients('The mirror ends.');
    // Rolling back what they had open has made journal of its own.
    await host?.drain();
    const { writer } = member.journal;
    if (writer !== null) await store.drainedMirror(member.membership.mirror, writer.durable);
    member.leave();
  } catch (error) {
    host?.resume();
    throw error;
  }
}

/** The record of a member that cannot work, as that of none; durable when it returns. */
export function recordWithout(record: MirrorRecord, { io, paths }: RemovalContext): MirrorRecord {
  const out = { ...record, membership: without(record.membership, record.self) };
  writeRecord(io.files, paths.mgr, out);
  return out;
}

// ------------------------------------------------------------ what stays behind

/**
 * The rest, in steps of which each may be done twice: databases, settings, the record, and last of all the note of what was wanted.
 * Throws when a database cannot be made what it is to be; then nothing of the rest is done, and it can be repeated.
 */
export async function finishRemoval(removal: Removal, context: RemovalContext): Promise<string> {
  const { mirror, guid, databases } = removal;
  const { io, paths, settings, log, store } = context;
  writeRemoval(io.files, paths.mgr, removal);
  const own = store.executor.namespaces.all().filter((d) => d.mirrored && d.nodes.meta().mirror?.guid === guid);
  // Whoever updates databases that take local updates too is let go: what is open there is rolled back.
  if (own.some((d) => !d.fedByMirror && !d.isRetained)) context.resetClients('The mirror configuration is removed.');
  for (const database of own) {
    if (!database.fedByMirror && !database.isRetained) await store.restLocal(database);
    if (databases === 'unmirror') await unmirrorOne(database, context);
    else if (!database.isRetained) await store.reopened(database, () => retainMirrored(database.directory));
  }
  const change = (s: Settings): Settings => ({
    ...s,
    MirrorMember: Object.keys(less(s.Mirrors, mirror)).length === 0 ? { CompareDays: s.MirrorMember.CompareDays } : s.MirrorMember,
    Mirrors: less(s.Mirrors, mirror),
    MapMirrors: less(s.MapMirrors, mirror),
  });
  Object.assign(settings, change(updateSettings(paths.settings, change, io.files)));
  io.files.remove(recordPath(paths.mgr, mirror));
  dropRemoval(io.files, paths.mgr, mirror);
  const names = own.map((d) => d.name).join(', ');
  log(
    1,
    conditionLine('MIRROR_CONFIGURATION_REMOVED', `The configuration of the mirror ${mirror} was removed.`, {
      mirror,
      databases: `${databases} ${names}`,
    }),
  );
  const stays = `Its mirror journal files stay in ${paths.journal}.`;
  if (names === '') return `This instance had no database of it. ${stays}`;
  return databases === 'unmirror'
    ? `Ordinary databases from now on: ${names}. ${stays}`
    : `Still mirrored, and read-only: ${names}. They can be used again after this instance has joined the same mirror and they are activated, or with gemel mirror remove --unmirror. ${stays}`;
}

function less<T>(table: Readonly<Record<string, T>>, name: string): Record<string, T> {
  return Object.fromEntries(Object.entries(table).filter(([key]) => key !== name));
}

/** Transactions that were open where its file stands are undone: nobody goes on with them. */
export async function unmirrorOne(
  database: OpenDatabase,
  { io, paths, settings, store }: Pick<RemovalContext, 'io' | 'paths' | 'settings' | 'store'>,
): Promise<void> {
  const { mirror, position, openStart } = database.nodes.meta();
  if (mirror === null) return;
  const undo =
    openStart === null || position === null || !mirror.failoverDB
      ? []
      : openAtEnd(
          new JournalFiles(io.files, paths.journal, { kind: 'mirror', name: mirror.name, guid: mirror.guid }),
          [database],
          position,
        ).open.flatMap((found) => found.undo);
  const end = await store.localEnd();
  await store.reopened(database, () => unmirror(database.directory, undo, { guid: settings.Startup.InstanceGUID, position: end }));
}

/** Databases that were kept when the instance left their mirror become ordinary ones. null: there are none. */
export async function unmirrorRetained(context: RemovalContext): Promise<string | null> {
  const kept = context.store.retained();
  for (const database of kept) await unmirrorOne(database, context);
  return kept.length === 0 ? null : `Ordinary databases from now on: ${kept.map((d) => d.name).join(', ')}.`;
}

/** Journal files of another mirror of the same name would be in the way of a new one's: they get a directory of their own. */
export function setFormerJournalAside({ io: { files }, paths, log }: RemovalContext, mirror: string, guid: string): void {
  const { journal } = paths;
  const pattern = new RegExp(`^MIRROR-${mirror}-\\d{8}\\.\\d{3,}$`);
  const places = journalDirectories(files, journal);
  if (!places.some((place) => files.list(place).some((name) => pattern.test(name)))) return;
  try {
    new JournalFiles(files, journal, { kind: 'mirror', name: mirror, guid });
    return;
  } catch (error) {
    if (!(error instanceof GemelError) || error.code !== 'FOREIGN') throw error;
  }
  for (const place of places) {
    const all = files.list(place).filter((name) => pattern.test(name));
    if (all.length === 0) continue;
    let to = path.join(place, `FORMER-${mirror}`);
    for (let n = 2; files.exists(to); n++) to = path.join(place, `FORMER-${mirror}-${n}`);
    files.makeDirectory(to);
    for (const name of all) files.rename(path.join(place, name), path.join(to, name));
    files.syncDirectory(to);
    files.syncDirectory(place);
    const text = `Journal files of a former mirror ${mirror} are in ${to} now.`;
    log(1, conditionLine('FORMER_JOURNAL_MOVED', text, { from: place, to }));
  }
}

// ------------------------------------------------------------ the note of what was wanted

const REMOVAL = /^removal-([A-Z0-9]+)\.json$/;

function removalPath(mgr: string, mirror: string): string {
  return path.join(mgr, `removal-${mirror}.json`);
}

function writeRemoval(files: Files, mgr: string, removal: Removal): void {
  files.atomicWrite(removalPath(mgr, removal.mirror), Buffer.from(`${JSON.stringify(removal)}\n`));
}

export function dropRemoval(files: Files, mgr: string, mirror: string): void {
  files.remove(removalPath(mgr, mirror));
  files.syncDirectory(mgr);
}

/** What was under way when the instance ended; what cannot be read was not. */
export function readRemovals(files: Files, mgr: string): Removal[] {
  const mirrors = files.list(mgr).flatMap((name) => REMOVAL.exec(name)?.[1] ?? []);
  return mirrors.flatMap((mirror) => readRemoval(files, removalPath(mgr, mirror)) ?? []);
}

function readRemoval(files: Files, file: string): Removal | null {
  try {
    return Removal.parse(JSON.parse(files.read(file).toString('utf8')));
  } catch (error) {
    if (error instanceof SyntaxError || error instanceof z.ZodError) return null;
    throw error;
  }
}
