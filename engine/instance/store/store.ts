import path from 'node:path';
import { GemelError } from '../../api/errors.ts';
import type { DatabaseView } from '../../api/status.ts';
import type { Io } from '../../io/index.ts';
import { type Journal, type JournalWriter, type ApplierFailure, type JournalIdentity, type Position } from '../../journal/index.ts';
import { clearFailoverFlag, homeOf, isForeign, isRetained, notePending, type Pending } from '../../database/index.ts';
import type { MirrorDatabase } from '../../mirror/index.ts';
import type { InstancePaths } from '../directory.ts';
import { Executor, OpenDatabase, type JournalPort } from '../executor/index.ts';
import type { Log } from '../messages.ts';
import { updateSettings, type Settings } from '../settings.ts';
import { fileBroken, foreign, notPrimary, retained } from './bars.ts';
import { Dismounted } from './dismounted.ts';
import { Feed } from './feed.ts';
import { journalWriting, type JournalWriting } from './journal-writing.ts';
import { LocalJournal } from './local-journal.ts';
import { JournalEnds } from './journal-ends.ts';
import type { MirrorDatabases } from './mirror-databases.ts';
import { realParts, type StoreParts } from './parts.ts';
import { newMirrorDatabases } from './new-mirror-databases.ts';
import { firstStart, newName, withDatabase, type NewMirrored } from './new-database.ts';
import { listed, viewOf } from './views.ts';

export interface StoreContext {
  readonly io: Io;
  readonly paths: InstancePaths;
  readonly settings: Settings;
  readonly log: Log;
  /** Left out: `realParts`. */
  readonly parts?: StoreParts;
}

/** Memory for nodes that database files have, over all databases, and the least for each. */
const MEMORY_BYTES = 64 * 1024 * 1024;
/** How long a verification waits for journal data that is not durable in the mirror yet. */
const CONTAINED_WAIT_MS = 10_000;
const MEMORY_BYTES_MIN = 1024 * 1024;

/**
 * What an instance keeps: its databases, its local journal, and the executor that updates them. Databases of a mirror are
 * fed by the mirror's journal, which the mirror carries on.
 */
export class Store {
  readonly executor = new Executor();
  readonly local: Feed;
  readonly journals: JournalEnds;
  readonly writing: JournalWriting;
  /** By the mirror's name. */
  readonly #mirrors = new Map<string, MirrorDatabases>();
  readonly #local: LocalJournal;
  /** Taken out of use by an operator, until they are mounted again or the instance starts anew. */
  readonly dismounted: Dismounted;
  #onJournalFailed: (why: string) => void = () => undefined;
  readonly #context: StoreContext;
  readonly #parts: StoreParts;

  private constructor(context: StoreContext) {
    this.#context = context;
    this.#parts = context.parts ?? realParts;
    this.writing = journalWriting(context, this.#parts);
    this.journals = new JournalEnds({
      executor: this.executor,
      log: context.log,
      feedOf: (port) => this.#feedOf(port),
      failed: (why) => this.#onJournalFailed(why),
    });
    this.dismounted = new Dismounted({
      store: this,
      executor: this.executor,
      open: (name, directory) => this.#open(name, directory),
      local: () => this.#local,
    });
    this.local = this.#newFeed({ kind: 'local', name: '', guid: context.settings.Startup.InstanceGUID }, (failure) =>
      this.#localFailed(failure),
    );
    this.#local = new LocalJournal({
      ...context,
      guid: context.settings.Startup.InstanceGUID,
      ...this.writing,
      executor: this.executor,
      feed: this.local,
      databases: () => this.localDatabases(),
      failed: (port, error) => void this.journals.failed(port, error),
    });
  }

  /** Opens everything and recovers the local journal: replay, then roll back what it holds open. */
  static async open(context: StoreContext): Promise<Store> {
    const store = new Store(context);
    firstStart(context, store.#parts, (configured) => store.directoryOf(configured));
    for (const [name, directory] of Object.entries(context.settings.Databases)) store.#mount(name.toUpperCase(), directory);
    for (const [namespace, database] of Object.entries(context.settings.Namespaces)) store.executor.namespaces.define(namespace, database);
    await store.#local.open();
    return store;
  }

  #newFeed(journal: JournalIdentity, failed: (failure: ApplierFailure) => void): Feed {
    const { io, paths } = this.#context;
    return new Feed({
      clock: io.clock,
      directory: paths.journal,
      journal,
      start: this.#parts.startApplier,
      workers: 1,
      failed,
      dropped: () => this.executor.checkSaturation(),
    });
  }

  #feedOf(port: JournalPort): Feed | null {
    const feeds = [this.local, ...[...this.#mirrors.values()].map(({ feed }) => feed)];
    return feeds.find((feed) => feed.isAttachedTo(port)) ?? null;
  }

  #localFailed({ database, error }: ApplierFailure): void {
    // Updates would only pile up in memory: they are safe in the journal, but the file no longer takes them.
    for (const each of this.localDatabases().filter((d) => database === null || d.journalName === database)) {
      each.bar ??= fileBroken(each.name, error);
      if (each.mirror !== null) this.#mirrors.get(each.mirror.name)?.localFailed(each, error);
    }
    const what =
      database === null
        ? 'Updates can no longer be brought into the unmirrored databases'
        : `The database ${database} takes no more updates from the journal`;
    this.#context.log(2, `${what}: ${error.message}`);
  }

  // ------------------------------------------------------------ databases

  directoryOf(directory: string): string {
    return path.resolve(this.#context.paths.directory, directory);
  }

  /** Throws as `StoreParts.openDatabase`. */
  #open(name: string, configured: string): OpenDatabase {
    const directory = this.directoryOf(configured);
    const nodes = this.#parts.openDatabase(directory);
    const meta = nodes.meta();
    const { guid, mirror } = meta;
    const kept = isRetained(meta);
    const apart = mirror !== null && (kept || isForeign(meta, this.instance));
    const { turns } = this.#context.io;
    const database = new OpenDatabase({ name, directory, guid, mirror, isRetained: apart, nodes, turns });
    if (mirror !== null && apart) database.bar = kept ? retained(name, mirror.name) : foreign(name, mirror.name);
    else if (database.fedByMirror) database.bar = notPrimary(name);
    this.executor.namespaces.mount(database);
    this.dismounted.forget(name);
    this.#shareMemory();
    return database;
  }

  /** Its identity. */
  get instance(): string {
    return this.#context.settings.Startup.InstanceGUID;
  }

  #mount(name: string, configured: string): OpenDatabase | null {
    try {
      return this.#open(name, configured);
    } catch (error) {
      if (!(error instanceof GemelError)) throw error;
      this.#context.log(2, `The database ${name} is not mounted. ${error.message}`);
      return null;
    }
  }

  /** What is remembered of database files, over all of them. */
  #shareMemory(): void {
    const all = this.executor.namespaces.all();
    for (const each of all) each.nodes.memoryBytes = Math.max(MEMORY_BYTES_MIN, MEMORY_BYTES / all.length);
  }

  /** Those that the local journal feeds: the unmirrored ones, and mirrored ones that are updated here too. */
  localDatabases(): OpenDatabase[] {
    return this.executor.namespaces.all().filter((d) => !d.fedByMirror && !d.isRetained);
  }

  /** Those that have kept the attribute of a mirror that it has left. */
  retained(): OpenDatabase[] {
    return this.executor.namespaces.all().filter((d) => d.isRetained);
  }

  /** Lets the file of a database that nothing feeds be changed, and mounts it as what it is then. Only one that is not mirrored is fed then. */
  async reopened(database: OpenDatabase, change: () => void): Promise<void> {
    const mounted = this.changed(database, change);
    if (mounted !== null && !mounted.mirrored) await this.#local.take(mounted);
  }

  /** The same, within this turn; nothing feeds it yet. null: it could not be mounted again. Throws what `change` throws, and has mounted it then. */
  changed(database: OpenDatabase, change: () => void): OpenDatabase | null {
    const { name, directory } = database;
    this.unmount(database);
    let mounted: OpenDatabase | null = null;
    try {
      change();
    } finally {
      mounted = this.#mount(name, directory);
    }
    return mounted;
  }

  /** Nobody reads it any more, and its file is closed here. */
  unmount(database: OpenDatabase): void {
    // Whoever goes on with what it has begun finds that.
    database.bar = database.readBar = {
      code: 'DATABASE',
      what: `The database ${database.name} is not mounted any more.`,
      todo: 'Try again: it may be mounted by now.',
    };
    database.release();
    this.executor.namespaces.unmount(database.name);
    database.nodes.close();
  }

  /** Feeds it from the local journal, to which its updates go. */
  takeLocally(database: OpenDatabase): Promise<void> {
    return this.#local.take(database);
  }

  /** The local journal feeds the database no more: nobody updates it, and its file has everything. */
  async restLocal(database: OpenDatabase): Promise<void> {
    database.bar = notPrimary(database.name);
    await this.local.drained(await this.localEnd());
    await this.local.remove(database);
    database.journal = null;
  }

  /** Everything that the local journal holds is durable before it. */
  localEnd(): Promise<Position> {
    return this.#local.settled();
  }

  /** Transactions over mirrored and unmirrored data whose outcome only the mirror can say. */
  get inDoubt(): number {
    return this.#local.inDoubt;
  }

  view(database: OpenDatabase): DatabaseView {
    return viewOf(database);
  }

  /** All that are configured, mounted or not. */
  list(): DatabaseView[] {
    const { Databases } = this.#context.settings;
    const configured = Object.entries(Databases).map(([name, directory]) => ({ name, directory: this.directoryOf(directory) }));
    return listed(this.executor.namespaces.all(), configured, this.dismounted.all());
  }

  /** Throws NAME, EXISTS. Nothing is made. */
  checkNew(name: string, directory: string | undefined): { name: string; directory: string } {
    const valid = newName(name, this.#context.settings);
    return { name: valid, directory: this.directoryOf(directory ?? valid.toLowerCase()) };
  }

  /** Makes an empty database, mounts it and feeds it from its journal. */
  async create(init: {
    name: string;
    directory: string;
    namespace: boolean;
    maxSizeMB: number | undefined;
    mirror: NewMirrored | null;
  }): Promise<OpenDatabase> {
    const { io, paths, settings } = this.#context;
    const { mirror } = init;
    const position = mirror?.position ?? this.#local.writer?.end ?? null;
    this.#parts.createDatabase(init.directory, {
      guid: mirror?.databaseGuid ?? io.random.guid(),
      name: init.name,
      createdMs: io.clock.wallMs(),
      mirror: mirror === null ? null : { name: mirror.name, database: mirror.database, guid: mirror.guid, failoverDB: true },
      maxSizeBytes: init.maxSizeMB === undefined ? null : init.maxSizeMB * 1024 * 1024,
      journalId: mirror?.guid ?? settings.Startup.InstanceGUID,
      position: position?.file === 0 ? null : position,
      extra: mirror === null ? {} : { ...homeOf(this.instance) },
    });
    if (mirror?.join !== undefined) notePending(init.directory, { what: 'add' } satisfies Pending);
    if (mirror !== null && !mirror.failoverDB) clearFailoverFlag(init.directory, this.#local.place());
    const database = this.#mount(init.name, init.directory);
    if (database === null)
      throw new GemelError(
        'DATABASE',
        `The new database ${init.name} cannot be mounted.`,
        'Its directory was left as it is.',
        'See messages.log.',
      );
    if (mirror?.join !== undefined) {
      mirror.join(database);
    }
    if (mirror === null || !mirror.failoverDB) await this.#local.take(database);
    else await this.#mirrors.get(mirror.name)?.feedOne(database);
    const relative = path.relative(paths.directory, init.directory);
    const stored = relative.startsWith('..') ? init.directory : relative;
    const change = (before: Settings): Settings => withDatabase(before, init.name, stored, init.namespace);
    Object.assign(settings, change(updateSettings(paths.settings, change, io.files)));
    if (init.namespace) this.executor.namespaces.define(init.name, init.name);
    this.#context.log(
      0,
      `The database ${init.name} was created in ${init.directory}${mirror === null ? '' : ` as ${mirror.database} of the mirror ${mirror.name}`}.`,
    );
    return database;
  }

  // ------------------------------------------------------------ the local journal

  /** The mirror's journal is settled up to the position: transactions over both journals end as it says, where it can. */
  decidePrepared(mirrorJournal: Journal, settled: Position): void {
    this.#local.decidePrepared(mirrorJournal, settled);
  }

  /** Cut whoever waits for updates that will never become durable. */
  onJournalFailed(listener: (why: string) => void): void {
    this.#onJournalFailed = listener;
  }

  switchLocalJournal(): Promise<Position> {
    return this.#local.switch('operator');
  }

  get localJournal(): Journal | null {
    return this.#local.journal;
  }

  get localWriter(): JournalWriter | null {
    return this.#local.writer;
  }

  // ------------------------------------------------------------ mirrors' journals

  /**
   * The databases of a mirror here, fed from its journal from now on. Call once the journal's directory has been opened.
   * @param entries what the mirror has, as far as this member knows; null: whatever is here
   * @param isParallel whether several of them may be fed at the same time
   */
  async openMirror(
    mirror: { name: string; guid: string },
    entries: () => readonly MirrorDatabase[] | null = () => null,
    isParallel = true,
  ): Promise<MirrorDatabases> {
    await this.closeMirror(mirror.name);
    const opened = newMirrorDatabases({
      ...this.#context,
      mirror,
      entries,
      executor: this.executor,
      workersMax: this.#parts.applierWorkersMax,
      local: this.#local,
      start: this.#parts.startApplier,
      newFeed: (failed) => this.#newFeed({ kind: 'mirror', ...mirror }, failed),
    });
    this.#mirrors.set(mirror.name, opened);
    opened.setParallel(isParallel);
    await opened.open();
    return opened;
  }

  /** Lets go of the files of a mirror's databases and of its journal: nobody reads them until they are mounted again. */
  async releaseMirror(mirror: string): Promise<void> {
    await this.#mirrors.get(mirror)?.close();
    const { namespaces } = this.executor;
    for (const database of namespaces.all().filter((each) => each.mirror?.name === mirror && !each.isRetained)) {
      namespaces.unmount(database.name);
      database.release();
      database.nodes.close();
    }
  }

  /** Mounts a database of the settings that was made anew. */
  mountAgain(name: string): void {
    this.#mount(name, this.#context.settings.Databases[name] ?? name.toLowerCase());
  }

  /** Mounts a database of the settings whose file was put in place, and feeds it. null: it cannot be mounted; messages.log says why. */
  async mountRestored(name: string): Promise<OpenDatabase | null> {
    const database = this.#mount(name, this.#context.settings.Databases[name] ?? name.toLowerCase());
    if (database === null || database.isRetained) return database;
    if (database.fedByMirror) await this.#mirrors.get(database.mirror?.name ?? '')?.take(database);
    else await this.#local.take(database);
    return database;
  }

  /** As `StoreParts.createDatabase`. */
  createFile(...made: Parameters<StoreParts['createDatabase']>): void {
    this.#parts.createDatabase(...made);
  }

  /** Resolves when the files of that mirror's databases have everything before the position. */
  async drainedMirror(name: string, position: Position): Promise<void> {
    await this.#mirrors.get(name)?.feed.drained(position);
  }

  /** Nothing feeds the databases of that mirror any more. */
  async closeMirror(name: string): Promise<void> {
    const opened = this.#mirrors.get(name);
    this.#mirrors.delete(name);
    await opened?.close();
  }

  /**
   * Resolves when the database's file contains everything that was durable at the call, or, on a member that receives the
   * mirror's journal, everything received before `received` (null: nothing), as soon as that is durable.
   */
  async contained(database: OpenDatabase, received: Position | null): Promise<void> {
    const mirror = database.fedByMirror ? database.mirror : null;
    const feed = database.isRetained ? null : mirror === null ? this.local : this.#mirrors.get(mirror.name)?.feed;
    const writer = database.journal?.writer ?? null;
    if (writer !== null) await feed?.drained(await writer.settled());
    else if (received !== null) await feed?.reached(received, CONTAINED_WAIT_MS);
  }

  /** Makes everything durable, brings it into the databases and closes. */
  async close(): Promise<void> {
    const writer = this.#local.writer;
    if (writer !== null) {
      const end = await writer.settled().catch(() => null);
      if (end !== null) await this.local.drained(end).catch(() => undefined);
    }
    for (const each of this.#mirrors.values()) await each.close();
    await this.local.close();
    await writer?.close().catch(() => undefined);
    for (const database of this.executor.namespaces.all()) {
      database.release();
      database.nodes.close();
    }
  }
}
