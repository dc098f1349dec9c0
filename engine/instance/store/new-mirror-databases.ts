import { Applier, JournalFiles, type ApplierFailure, type JournalIdentity, type StartApplierThread } from '../../journal/index.ts';
import type { MirrorDatabase } from '../../mirror/index.ts';
import type { Executor } from '../executor/index.ts';
import { mirroredHere } from '../settings.ts';
import type { Feed } from './feed.ts';
import { JournalCuts } from './journal-cuts.ts';
import type { LocalJournal } from './local-journal.ts';
import { MirrorDatabases } from './mirror-databases.ts';
import type { StoreContext } from './store.ts';

interface MirrorParts extends Omit<StoreContext, 'parts'> {
  readonly mirror: { readonly name: string; readonly guid: string };
  /** What the mirror has; null: whatever is here. */
  readonly entries: () => readonly MirrorDatabase[] | null;
  readonly executor: Executor;
  /** How many of them may be dejournaled at the same time, where several may be at all. */
  readonly workersMax: number;
  readonly local: LocalJournal;
  readonly start: StartApplierThread;
  readonly newFeed: (failed: (failure: ApplierFailure) => void) => Feed;
}

/** The databases of a mirror here, with what they need of their instance. */
export function newMirrorDatabases({
  io,
  paths,
  settings,
  log,
  mirror,
  entries,
  executor,
  workersMax,
  local,
  start,
  newFeed,
}: MirrorParts): MirrorDatabases {
  const journal: JournalIdentity = { kind: 'mirror', ...mirror };
  const directory = paths.journal;
  const isMounted = (name: string): boolean => executor.namespaces.find(name) !== undefined;
  return new MirrorDatabases({
    mirror: mirror.name,
    executor,
    workersMax,
    log,
    newFeed,
    newApplier: () => new Applier({ clock: io.clock, directory, journal, start, role: 'backup' }),
    journalFiles: () => new JournalFiles(io.files, directory, journal),
    entries,
    local,
    newCuts: (of) =>
      new JournalCuts({
        ...of,
        io,
        directory,
        journal,
        start,
        absent: () => Object.values(mirroredHere(settings, mirror.name)).filter((name) => !isMounted(name)),
        log,
      }),
  });
}
