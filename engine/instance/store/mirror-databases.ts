import { GemelError } from '../../api/errors.ts';
import { clearFailoverFlag } from '../../database/index.ts';
import { assert } from '../../io/assert.ts';
import { conditionLine } from '../../api/conditions.ts';
import { isBefore, type Applier, type ApplierFailure, type JournalFiles, type Position } from '../../journal/index.ts';
import { isObsolete, type MirrorDatabase } from '../../mirror/index.ts';
import type { Executor, OpenDatabase } from '../executor/index.ts';
import type { Log } from '../messages.ts';
import { fileBroken, notPrimary, obsolete } from './bars.ts';
import { catchUpAside } from './catch-up.ts';
import type { Feed } from './feed.ts';
import type { LocalJournal } from './local-journal.ts';
import { MirrorProperties, type PropertyStanding } from './mirror-properties.ts';
import { mirrorPosition, type ReadWriteFeed } from './read-write-feed.ts';
import { failureLine, haltOf, lacksJournal, needsCatchupLine, readFrom, type Halt } from './mirror-halts.ts';
import { finishAtStart, type JournalCuts, type JournalCutsOptions, type ReadWriteDatabases } from './journal-cuts.ts';

export interface MirrorDatabasesOptions {
  readonly mirror: string;
  readonly executor: Executor;
  readonly log: Log;
  readonly newFeed: (failed: (failure: ApplierFailure) => void) => Feed;
  /** How many of them may be dejournaled at the same time, where several may be at all. */
  readonly workersMax: number;
  /** Of the mirror's journal, feeding nothing yet. */
  readonly newApplier: () => Applier;
  /** Of the mirror's journal here, as they are now. */
  readonly journalFiles: () => JournalFiles;
  /** What the mirror has, as far as this member knows; null: whatever is here. */
  readonly entries: () => readonly MirrorDatabase[] | null;
  /** For databases that are updated here too. */
  readonly local: Pick<LocalJournal, 'feed' | 'place' | 'take'>;
  readonly newCuts: (of: Pick<JournalCutsOptions, 'feed' | 'databases' | 'readWrite'>) => JournalCuts;
}

/** Who is further behind is caught up beside the others. */
const NEAR_BYTES = 4 * 1024 * 1024;

/** The databases here that belong to one mirror: fed from its journal, but for those that are updated here too. */
export class MirrorDatabases {
  readonly feed: Feed;
  /** Cuts of its journal. */
  readonly cuts: JournalCuts;
  readonly properties: MirrorProperties;
  readonly #options: MirrorDatabasesOptions;
  /** By name in the journal: why a database is not fed any more. */
  readonly #failures = new Map<string, string>();
  /** Those that are not fed although nothing has failed. */
  readonly #halts = new Map<OpenDatabase, Halt>();
  /** Those of which it was told that they are obsolete. */
  readonly #obsolete = new Set<OpenDatabase>();
  /** Everything before it may be dejournaled. */
  #allowed: Position = { file: 0, offset: 0 };
  /** Catching up beside the feed; aborted and awaited before the journal is cut. */
  readonly #aside = new Map<AbortController, Promise<unknown>>();
  #readWriteFeed: ReadWriteFeed | null = null;
  #onFailed: () => void = () => undefined;
  #onUnreadable: (error: GemelError) => void = () => undefined;
  #turn: Promise<unknown> = Promise.resolve();

  constructor(options: MirrorDatabasesOptions) {
    this.#options = options;
    this.feed = options.newFeed((failure) => this.#failed(failure));
    const feed = { rest: () => this.#rest(), resume: () => this.feed.resume() };
    this.cuts = options.newCuts({ feed, databases: () => this.fed(), readWrite: this.#forCuts() });
    this.properties = new MirrorProperties({
      ...options,
      databases: () => this.all(),
      theirs: ({ mirror, guid }) => options.entries()?.find((each) => each.name === mirror?.database && each.guid === guid)?.properties,
      feedOf: (database) => (database.fedByMirror ? this.feed : options.local.feed),
      isBusy: (database) => this.#halts.get(database)?.is === 'catching-up',
      isMounted: (database) => options.executor.namespaces.isCurrent(database),
    });
  }

  /** Whether several of them may be dejournaled at the same time. */
  setParallel(isParallel: boolean): void {
    this.feed.setWorkers(isParallel ? this.#options.workersMax : 1);
  }

  /** Its name. */
  get mirror(): string {
    return this.#options.mirror;
  }

  /** Those that are mounted. */
  all(): OpenDatabase[] {
    return this.#options.executor.namespaces.all().filter((d) => d.mirror?.name === this.#options.mirror && !d.isRetained);
  }

  /** What brings the mirror's journal into those that are updated here too. */
  useReadWriteFeed(feed: ReadWriteFeed): void {
    this.#readWriteFeed = feed;
  }

  #forCuts(): ReadWriteDatabases {
    return {
      rest: () => this.#readWriteFeed?.rest(),
      resume: () => this.#readWriteFeed?.resume(),
      positions: () => this.readWrite().map((d) => ({ name: d.name, position: mirrorPosition(d) })),
    };
  }

  /** Those that the mirror's journal alone updates, but on its primary; also those that take nothing of it now. */
  fed(): OpenDatabase[] {
    return this.all().filter((d) => d.fedByMirror);
  }

  /** Those of them that take what the mirror's journal has: what a primary updates. */
  active(): OpenDatabase[] {
    return this.fed().filter((d) => !this.#halts.has(d) && !this.isObsolete(d));
  }

  /** Its database was removed from the mirror, or made anew, since. */
  isObsolete({ mirror, guid }: OpenDatabase): boolean {
    const entries = this.#options.entries();
    return mirror !== null && entries !== null && isObsolete(entries, { name: mirror.database, guid });
  }

  /** Why a database is not fed although nothing has failed; null: it is, or has failed. */
  halt(database: OpenDatabase): Halt | null {
    return this.#halts.get(database) ?? null;
  }

  /** Why a database does not follow the mirror, and what to do; null: it does. */
  whyApart(database: OpenDatabase): string | null {
    if (this.isObsolete(database)) {
      const bar = obsolete(database.name);
      return `${bar.what} ${bar.todo}`;
    }
    return this.#halts.get(database)?.why ?? this.#failures.get(database.journalName) ?? null;
  }

  /** Everything before it may be dejournaled. */
  get allowed(): Position {
    return this.#allowed;
  }

  /** As the function of that name, of a copy that begins there. */
  lacksJournal(name: string, from: Position): string | null {
    return lacksJournal(name, this.#options.journalFiles(), from);
  }

  /** As `Feed.applier.applyTo`. */
  applyTo(position: Position): void {
    if (isBefore(this.#allowed, position)) this.#allowed = position;
    this.feed.applier.applyTo(position);
  }

  /** What the mirror has may be another than before: copies of what it has no more take nothing, and say so. */
  lookAgain(standing?: PropertyStanding): void {
    this.properties.lookAgain(standing);
    for (const database of this.all()) {
      const now = this.isObsolete(database);
      if (now === this.#obsolete.has(database)) continue;
      const { name } = database;
      if (now) {
        this.#obsolete.add(database);
        if (database.fedByMirror) database.bar = obsolete(name);
        const text = `The copy ${name} is obsolete: the mirror's database ${database.mirror?.database ?? ''} was removed or recreated on the primary.`;
        this.#options.log(2, conditionLine('DATABASE_OBSOLETE', text, { database: name }));
        void this.#inTurn(() => this.#unfed(database));
      } else {
        this.#obsolete.delete(database);
        if (database.fedByMirror) database.bar = notPrimary(name);
        if (database.fedByMirror) void this.#inTurn(() => this.feedOne(database));
      }
    }
  }

  async #unfed(database: OpenDatabase): Promise<void> {
    // An applier that could not read the journal lets nothing go.
    await this.feed.readAnew();
    try {
      await this.feed.remove(database);
    } catch (error) {
      // It was not fed, or nothing is while the journal is cut: then its file is closed.
      if (!(error instanceof GemelError) || !['NOT_FOUND', 'NOT_RUNNING'].includes(error.code)) throw error;
    }
  }

  /** A database that was mounted, or changed, is fed from where its file stands, if it can be. Told in the log if not. */
  async feedOne(database: OpenDatabase): Promise<void> {
    const { log, journalFiles } = this.#options;
    if (this.isObsolete(database) || !database.fedByMirror) return;
    try {
      // A journal that cannot be read at all is the member's to tell of: it is held then.
      const halt = haltOf(database, journalFiles);
      if (halt !== null) {
        this.#halts.set(database, halt);
        if (halt.is === 'needs-catchup') log(2, needsCatchupLine(database, halt.why));
        return;
      }
      this.#halts.delete(database);
      await this.feed.retry(database);
      this.#failures.delete(database.journalName);
      this.properties.lookAgain();
    } catch (error) {
      if (!(error instanceof GemelError)) throw error;
      this.#failures.set(database.journalName, error.message);
      log(2, `The database ${database.name} cannot be dejournaled: ${error.message}`);
    }
  }

  /** It takes nothing any more; its file is closed and says how far it is. @param halt why, if it stays here; null: it leaves */
  async unfeed(database: OpenDatabase, halt: Halt | null): Promise<void> {
    if (halt === null) this.#halts.delete(database);
    else this.#halts.set(database, halt);
    await this.#inTurn(() => this.#unfed(database));
    if (halt !== null) return;
    this.#failures.delete(database.journalName);
    this.#obsolete.delete(database);
  }

  /** It is not fed before it is caught up. */
  await(database: OpenDatabase, why: string): void {
    this.#halts.set(database, { is: 'needs-catchup', why });
  }

  /**
   * Brings copies up to what the others have, and feeds them with those from then on.
   * @param goal everything before it may be dejournaled; left out: as it was told last
   * @returns why not, of each that could not be
   */
  async catchUp(databases: readonly OpenDatabase[], signal: AbortSignal, goal = this.#allowed): Promise<ReadonlyMap<OpenDatabase, string>> {
    const why = new Map<OpenDatabase, string>();
    const { journalFiles, newApplier } = this.#options;
    for (const each of databases) {
      const halt = haltOf(each, journalFiles);
      if (halt === null) this.#halts.set(each, { is: 'catching-up', why: `The database ${each.name} is catching up.` });
      else {
        this.#halts.set(each, halt);
        why.set(each, halt.why);
      }
    }
    const going = databases.filter((each) => !why.has(each));
    for (const each of going) await this.#inTurn(() => this.#unfed(each));
    const far = going.filter((each) => isFar(readFrom(each), goal));
    if (far.length > 0) {
      const abort = new AbortController();
      const work = catchUpAside(newApplier, far, goal, AbortSignal.any([signal, abort.signal]));
      this.#aside.set(
        abort,
        work.catch(() => undefined),
      );
      const failed = await work.finally(() => this.#aside.delete(abort));
      for (const [each, error] of failed) why.set(each, error.message);
      if (signal.aborted || abort.signal.aborted)
        for (const each of far)
          if (!why.has(each)) why.set(each, `Catching up of ${each.name} was stopped: gemel db catchup goes on with it.`);
    }
    for (const each of going) await this.#inTurn(() => this.#feedCaughtUp(each, why));
    return why;
  }

  async #feedCaughtUp(database: OpenDatabase, why: Map<OpenDatabase, string>): Promise<void> {
    const reason = why.get(database);
    if (reason !== undefined) {
      this.#halts.set(database, { is: 'needs-catchup', why: reason });
      return;
    }
    await this.feedOne(database);
    const left = this.#failures.get(database.journalName) ?? this.#halts.get(database)?.why;
    if (left !== undefined) why.set(database, left);
    else if (database.journal === null) database.bar = notPrimary(database.name);
  }

  async #rest(): Promise<void> {
    for (const abort of this.#aside.keys()) abort.abort();
    await Promise.all(this.#aside.values());
    await this.feed.rest();
  }

  /** Nothing is fed any more. */
  async close(): Promise<void> {
    for (const abort of this.#aside.keys()) abort.abort();
    await Promise.all(this.#aside.values());
    await this.feed.close();
  }

  /** Those whose FailoverDB flag is cleared: they are updated here too, and fed from the local journal. */
  readWrite(): OpenDatabase[] {
    return this.all().filter((d) => !d.failoverDB);
  }

  /**
   * From now on the database is updated here too, for good.
   * @throws GemelError when its file cannot be changed: then it is as it was
   */
  async clearFailoverDB(database: OpenDatabase): Promise<void> {
    assert(database.failoverDB && database.journal === null, 'the flag is cleared once, and never where the mirror is written');
    const { local, log } = this.#options;
    await this.feed.remove(database);
    try {
      database.release();
      clearFailoverFlag(database.directory, local.place());
    } catch (error) {
      await this.feed.add(database);
      throw error;
    }
    database.failoverDB = false;
    database.nodes.reset();
    await local.take(database);
    database.bar = null;
    log(1, `The FailoverDB flag of the database ${database.name} is cleared: it is updated here too.`);
  }

  /** The local journal's updates can no longer be brought into one of them. */
  localFailed(database: OpenDatabase, error: GemelError): void {
    this.#failures.set(database.journalName, error.message);
    this.#onFailed();
  }

  /** Why a database (by its name in the journal) is not fed any more; undefined: it is. */
  failure(journalName: string): string | undefined {
    return this.#failures.get(journalName);
  }

  /** Told when one of them takes no more. */
  onFailed(listener: () => void): void {
    this.#onFailed = listener;
  }

  /** Told when the mirror's journal can no longer be read here, so that none of them takes updates. */
  onUnreadable(listener: (error: GemelError) => void): void {
    this.#onUnreadable = listener;
  }

  /** Feeds all that are mounted, after what a cut has left to do. Call once the journal's directory has been opened. */
  async open(): Promise<void> {
    if (this.cuts.isPending) await this.feed.rest();
    for (const database of this.fed()) await this.feedOne(database);
    this.lookAgain();
    await finishAtStart(this.cuts, this.#options.log);
  }

  /** Feeds one whose file was put in place, from where that stands. What keeps it from that is its failure, as of any other. */
  async take(database: OpenDatabase): Promise<void> {
    this.#failures.delete(database.journalName);
    try {
      await this.feed.add(database);
      this.properties.lookAgain();
    } catch (error) {
      if (!(error instanceof GemelError)) throw error;
      this.#failures.set(database.journalName, error.message);
      this.#options.log(2, `The database ${database.name} cannot be dejournaled: ${error.message}`);
    }
  }

  /** Feeds those that an error has stopped once more, from what their files contain. @returns names of those that still take nothing */
  retry(): Promise<string[]> {
    return this.#inTurn(() => this.#retry());
  }

  /** One after the other: a database is fed once. */
  #inTurn<T>(act: () => Promise<T>): Promise<T> {
    const done = this.#turn.then(act);
    this.#turn = done.catch(() => undefined);
    return done;
  }

  async #retry(): Promise<string[]> {
    const { log } = this.#options;
    const still: string[] = [];
    await this.feed.readAnew();
    // It may be a larger maximum size that they go on with.
    await this.properties.settled();
    for (const database of this.all().filter((d) => this.#failures.has(d.journalName))) {
      try {
        await (database.fedByMirror ? this.feed : this.#options.local.feed).retry(database);
        this.#failures.delete(database.journalName);
        if (!database.fedByMirror) database.bar = null;
        else if (database.bar === null || database.journal === null) database.bar = notPrimary(database.name);
        log(1, `The database ${database.name} is dejournaled again, from where its file stands.`);
      } catch (error) {
        if (!(error instanceof GemelError)) throw error;
        still.push(database.name);
        this.#failures.set(database.journalName, error.message);
        log(2, `The database ${database.name} still cannot be dejournaled: ${error.message}`);
      }
    }
    return still;
  }

  #failed({ database, error }: ApplierFailure): void {
    const { log } = this.#options;
    for (const each of this.fed().filter((d) => database === null || d.journalName === database)) {
      this.#failures.set(each.journalName, error.message);
      // Updates would only pile up in memory: they are safe in the journal, but the file no longer takes them.
      each.bar ??= fileBroken(each.name, error);
    }
    if (database === null) log(2, `Updates can no longer be brought into the mirrored databases: ${error.message}`);
    else log(2, failureLine(database, error));
    if (database === null) this.#onUnreadable(error);
    this.#onFailed();
  }
}

/** Whether catching up would hold up the others. */
function isFar(from: Position | null, goal: Position): boolean {
  if (goal.file === 0) return false;
  return from === null || from.file < goal.file || (from.file === goal.file && goal.offset - from.offset > NEAR_BYTES);
}
