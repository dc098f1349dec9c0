import { GemelError } from '../../api/errors.ts';
import { clearFailoverFlag } from '../../database/index.ts';
import { assert } from '../../io/assert.ts';
import type { ApplierFailure } from '../../journal/index.ts';
import type { Executor, OpenDatabase } from '../executor/index.ts';
import type { Log } from '../messages.ts';
import { fileBroken, notPrimary } from './bars.ts';
import type { Feed } from './feed.ts';
import type { LocalJournal } from './local-journal.ts';
import { mirrorPosition, type ReadWriteFeed } from './read-write-feed.ts';
import { finishAtStart, type JournalCuts, type JournalCutsOptions, type ReadWriteDatabases } from './journal-cuts.ts';

export interface MirrorDatabasesOptions {
  readonly mirror: string;
  readonly executor: Executor;
  readonly log: Log;
  readonly newFeed: (failed: (failure: ApplierFailure) => void) => Feed;
  /** How many of them may be dejournaled at the same time, where several may be at all. */
  readonly workersMax: number;
  /** For databases that are updated here too. */
  readonly local: Pick<LocalJournal, 'feed' | 'place' | 'take'>;
  readonly newCuts: (of: Pick<JournalCutsOptions, 'feed' | 'databases' | 'readWrite'>) => JournalCuts;
}

/** The databases here that belong to one mirror: fed from its journal, but for those that are updated here too. */
export class MirrorDatabases {
  readonly feed: Feed;
  /** Cuts of its journal. */
  readonly cuts: JournalCuts;
  readonly #options: MirrorDatabasesOptions;
  /** By name in the journal: why a database is not fed any more. */
  readonly #failures = new Map<string, string>();
  #readWriteFeed: ReadWriteFeed | null = null;
  #onFailed: () => void = () => undefined;
  #onUnreadable: (error: GemelError) => void = () => undefined;
  #retrying: Promise<unknown> = Promise.resolve();

  constructor(options: MirrorDatabasesOptions) {
    this.#options = options;
    this.feed = options.newFeed((failure) => this.#failed(failure));
    this.cuts = options.newCuts({ feed: this.feed, databases: () => this.fed(), readWrite: this.#forCuts() });
  }

  /** Whether several of them may be dejournaled at the same time. */
  setParallel(isParallel: boolean): void {
    this.feed.setWorkers(isParallel ? this.#options.workersMax : 1);
  }

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

  /** Those that the mirror's journal alone updates, but on its primary. */
  fed(): OpenDatabase[] {
    return this.all().filter((d) => d.fedByMirror);
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
    for (const database of this.fed()) {
      try {
        await this.feed.add(database);
      } catch (error) {
        if (!(error instanceof GemelError)) throw error;
        this.#failures.set(database.journalName, error.message);
        this.#options.log(2, `The database ${database.name} cannot be dejournaled: ${error.message}`);
      }
    }
    await finishAtStart(this.cuts, this.#options.log);
  }

  /** Feeds one whose file was put in place, from where that stands. What keeps it from that is its failure, as of any other. */
  async take(database: OpenDatabase): Promise<void> {
    this.#failures.delete(database.journalName);
    try {
      await this.feed.add(database);
    } catch (error) {
      if (!(error instanceof GemelError)) throw error;
      this.#failures.set(database.journalName, error.message);
      this.#options.log(2, `The database ${database.name} cannot be dejournaled: ${error.message}`);
    }
  }

  /** Feeds those that an error has stopped once more, from what their files contain. @returns names of those that still take nothing */
  retry(): Promise<string[]> {
    // One after the other: a database is fed once.
    const done = this.#retrying.then(() => this.#retry());
    this.#retrying = done.catch(() => undefined);
    return done;
  }

  async #retry(): Promise<string[]> {
    const { log } = this.#options;
    const still: string[] = [];
    await this.feed.readAnew();
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
    else log(2, `The database ${database} takes no more updates from the journal: ${error.message}`);
    if (database === null) this.#onUnreadable(error);
    this.#onFailed();
  }
}
