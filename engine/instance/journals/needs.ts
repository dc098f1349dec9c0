import type { KeepReason } from '../../api/journals.ts';
import { GemelError } from '../../api/errors.ts';
import { Database } from '../../database/index.ts';
import type { Journal, JournalName, Position, PurgeNeed } from '../../journal/index.ts';
import { AsyncMember, isAsync, Mirror } from '../../mirror/index.ts';
import type { OpenDatabase } from '../executor/index.ts';
import type { Place } from '../member/place.ts';
import { mirroredHere, type Settings } from '../settings.ts';
import { mirrorPosition, type Feed, type Store } from '../store/index.ts';
import { backupNeeds, type NotedBackup } from './backups.ts';
import type { Other } from './others.ts';
import type { SafeStarts } from './safe-starts.ts';

/** One journal here, and what this instance itself needs of it. */
export interface ManagedJournal {
  readonly name: JournalName;
  /** null: nobody has it open. */
  readonly journal: Journal | null;
  readonly needs: readonly PurgeNeed[];
  /** Other members that it may have to be kept for; null: that is not this member's business. */
  readonly others: readonly Other[] | null;
  /** A reporting member's of a mirror. */
  readonly isReporting: boolean;
}

export interface NeedsContext {
  readonly store: Store;
  readonly settings: Settings;
  readonly safeStarts: SafeStarts;
  readonly backups: readonly NotedBackup[];
}

function all(code: KeepReason['code'], text: string): PurgeNeed {
  return { from: null, reason: { code, text } };
}

/** What the databases here, transactions and a restart need of the local journal. */
export function localNeeds(context: NeedsContext): ManagedJournal {
  const { store, settings } = context;
  const mirrored = new Set(Object.keys(settings.MapMirrors).flatMap((mirror) => Object.values(mirroredHere(settings, mirror))));
  const names = Object.keys(settings.Databases).map((name) => name.toUpperCase());
  const needs = [
    ...store.localDatabases().map((database) => fileNeed(context, store.local, database)),
    ...names.filter((name) => !mirrored.has(name)).flatMap((name) => unmountedNeed(context, name, settings.Startup.InstanceGUID)),
    ...preparedNeeds(store),
    ...backupsNeed(context, store.localJournal, settings.Startup.InstanceGUID, store.localDatabases()),
  ];
  return { name: null, journal: store.localJournal, needs, others: null, isReporting: false };
}

/** The same of a mirror's journal, and who else may need it. */
export function mirrorNeeds(context: NeedsContext, place: Place): ManagedJournal {
  const { store, settings } = context;
  const { mirror: name, member, host } = place;
  if (member === null || host === null)
    return {
      name,
      journal: null,
      needs: [all('journal', 'this member takes no part in the mirror now')],
      others: null,
      isReporting: false,
    };
  const { mirrored } = host;
  const { guid } = member.membership;
  const isReporting = member instanceof AsyncMember && member.self.type !== 'Disaster Recovery';
  const needs = [
    // An obsolete copy takes nothing of it any more.
    ...mirrored
      .fed()
      .filter((database) => !mirrored.isObsolete(database))
      .map((database) => fileNeed(context, mirrored.feed, database)),
    ...mirrored.readWrite().map((database) => readWriteNeed(database)),
    ...Object.values(mirroredHere(settings, name)).flatMap((database) => unmountedNeed(context, database, guid)),
    ...store
      .retained()
      .filter((database) => database.nodes.meta().mirror?.guid === guid)
      .map((database) => databaseNeed(database.name, database.nodes.meta().position, 'is not activated')),
    ...preparedNeeds(store),
    ...(mirrored.cuts.isPending ? [all('journal', 'journal data that the mirror does not have is being given up')] : []),
    ...roleNeeds(member),
    // Where the mirror's files go as soon as they are dejournaled nothing else counts.
    ...(isReporting && settings.Journal.MirrorJournalRetention === 'dejournaled'
      ? []
      : backupsNeed(context, member.journal.journal, guid, mirrored.fed())),
  ];
  return { name, journal: member.journal.journal, needs, others: member instanceof Mirror ? othersOf(member) : null, isReporting };
}

/** While a failover member's role is not settled nobody knows what will be asked of its journal. */
function roleNeeds(member: Mirror | AsyncMember): PurgeNeed[] {
  if (member.crashed !== null) return [all('journal', 'this member does not agree with its mirror')];
  if (member instanceof AsyncMember) return [];
  const { is } = member.state.role;
  return is === 'primary' || is === 'backup' ? [] : [all('journal', 'this member is neither primary nor backup now')];
}

function backupsNeed(
  { backups, settings }: NeedsContext,
  journal: Journal | null,
  guid: string,
  databases: readonly OpenDatabase[],
): PurgeNeed[] {
  return backupNeeds(backups, { guid, lineage: journal?.lineage ?? [], databases }, settings.Journal.BackupsBeforePurge);
}

function preparedNeeds(store: Store): PurgeNeed[] {
  return store.inDoubt > 0 ? [all('prepared', 'the outcome of transactions over both journals is not known yet')] : [];
}

function databaseNeed(name: string, from: Position | null, why: string): PurgeNeed {
  return { from, reason: { code: 'database', text: `the database ${name} ${why}` } };
}

/** Of a database whose file the applier writes. */
function fileNeed({ safeStarts }: NeedsContext, feed: Feed, database: OpenDatabase): PurgeNeed {
  const { position, openStart } = database.nodes.meta();
  const progress = feed.applier.progress?.databases.find(({ name }) => name === database.journalName);
  const from = safeStarts.from(database.directory, { position, openStart, safe: progress?.safe ?? null });
  if (from === null)
    return databaseNeed(database.name, null, 'may need it after a restart: how far its file is on the disk is not known yet');
  const code =
    openStart !== null && position !== null && from.file < position.file && from.file === openStart.file ? 'transaction' : 'database';
  const text =
    code === 'transaction'
      ? `a transaction in the database ${database.name} that began in it is open`
      : `the database ${database.name} does not contain it for certain`;
  return { from, reason: { code, text } };
}

/** Of one that is updated here too: the journal before its position is not needed, once what says so is durable in the local journal. */
function readWriteNeed(database: OpenDatabase): PurgeNeed {
  return databaseNeed(database.name, mirrorPosition(database), 'has not taken it yet');
}

function unmountedNeed({ store, settings }: NeedsContext, name: string, journal: string): PurgeNeed[] {
  if (store.executor.namespaces.find(name) !== undefined) return [];
  const configured = Object.entries(settings.Databases).find(([key]) => key.toUpperCase() === name.toUpperCase())?.[1];
  if (configured === undefined) return [];
  try {
    const nodes = Database.open(store.directoryOf(configured));
    try {
      const { journalId, position, openStart } = nodes.meta();
      if (journalId !== null && journalId !== journal) return [];
      return [databaseNeed(name, openStart ?? position, 'is not mounted and lacks it')];
    } finally {
      nodes.close();
    }
  } catch (error) {
    if (!(error instanceof GemelError)) throw error;
    return [databaseNeed(name, null, `is not mounted and cannot be read (${error.code})`)];
  }
}

/** The other members, as a failover member knows them. */
function othersOf(mirror: Mirror): Other[] {
  const { membership, self, state, followers, peers } = mirror;
  const others = membership.members.filter(({ guid }) => guid !== self.guid);
  const isPrimary = state.role.is === 'primary';
  const views = peers.link?.seen?.asyncs ?? [];
  return others.map((member) => {
    const { guid, name } = member;
    if (!isAsync(member)) {
      // What a backup has received its primary has.
      if (!isPrimary)
        return {
          guid,
          name,
          isAsync: false,
          position: state.role.is === 'backup' ? mirror.journal.reach.end.position : null,
          connected: true,
        };
      const sender = peers.link?.member === guid ? peers.link.sender : null;
      return { guid, name, isAsync: false, position: sender?.acknowledged ?? null, connected: sender !== null };
    }
    if (isPrimary) {
      const { acknowledged, connected } = followers.state(guid);
      return { guid, name, isAsync: true, position: acknowledged, connected };
    }
    const view = views.find((each) => each.name === name);
    return {
      guid,
      name,
      isAsync: true,
      position: view?.position ?? null,
      connected: view?.status === 'Connected' || view?.status === 'Synchronizing',
    };
  });
}
