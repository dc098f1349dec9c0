import path from 'node:path';
import { GemelError } from '../../api/errors.ts';
import { DatabaseName } from '../../api/names.ts';
import type { DatabaseView } from '../../api/status.ts';
import { clearFailoverFlag } from '../../database/index.ts';
import { assert } from '../../io/assert.ts';
import type { Io } from '../../io/index.ts';
import { Journal, JournalWriter, type ApplierFailure, type JournalDisk, type JournalIdentity, type Position } from '../../journal/index.ts';
import { isRetained } from '../../database/index.ts';
import type { InstancePaths } from '../directory.ts';
import { Executor, OpenDatabase, type JournalPort } from '../executor/index.ts';
import type { Log } from '../messages.ts';
import { mirroredHere, updateSettings, type Settings } from '../settings.ts';
import { fileBroken, notPrimary, retained } from './bars.ts';
import { Feed } from './feed.ts';
import { InDoubt } from './in-doubt.ts';
import { JournalCuts, type JournalCutsOptions } from './journal-cuts.ts';
import { JournalEnds } from './journal-ends.ts';
import { MirrorDatabases } from './mirror-databases.ts';
import { realParts, type StoreParts } from './parts.ts';
import { openAtEnd } from './recover.ts';

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
/** Stands in the root of a new file system, such as one for journals only. */
const LOST_AND_FOUND = 'lost+found';

/**
 * What an instance keeps: its databases, its local journal, and the executor that updates them. Databases of a mirror are
 * fed by the mirror's journal, which the mirror carries on.
 */
export class Store {
  readonly executor = new Executor();
  readonly local: Feed;
  readonly journals: JournalEnds;
  /** By the mirror's name. */
  readonly #mirrors = new Map<string, MirrorDatabases>();
  #localPort: JournalPort | null = null;
  #localWriter: JournalWriter | null = null;
  #inDoubt: InDoubt | null = null;
  #onJournalFailed: (why: string) => void = () => undefined;
  readonly #context: StoreContext;
  readonly #parts: StoreParts;

  private constructor(context: StoreContext) {
    this.#context = context;
    this.#parts = context.parts ?? realParts;
    this.journals = new JournalEnds({
      executor: this.executor,
      log: context.log,
      feedOf: (port) => this.#feedOf(port),
      failed: (why) => this.#onJournalFailed(why),
    });
    this.local = this.#newFeed({ kind: 'local', name: '', guid: context.settings.Startup.InstanceGUID }, (failure) =>
      this.#localFailed(failure),
    );
  }

  /** Opens everything and recovers the local journal: replay, then roll back what it holds open. */
  static async open(context: StoreContext): Promise<Store> {
    const store = new Store(context);
    store.#firstStart();
    for (const [name, directory] of Object.entries(context.settings.Databases)) store.#mount(name.toUpperCase(), directory);
    for (const [namespace, database] of Object.entries(context.settings.Namespaces)) store.executor.namespaces.define(namespace, database);
    await store.#recoverLocal();
    return store;
  }

  /** A new instance's settings name a database that is made when it starts for the first time. */
  #firstStart(): void {
    const { io, paths, settings } = this.#context;
    if (io.files.list(paths.journal).some((name) => name !== LOST_AND_FOUND)) return;
    for (const [name, configured] of Object.entries(settings.Databases)) {
      const directory = this.directoryOf(configured);
      if (io.files.exists(directory)) continue;
      this.#parts.createDatabase(directory, {
        guid: io.random.guid(),
        name,
        createdMs: io.clock.wallMs(),
        journalId: settings.Startup.InstanceGUID,
      });
    }
  }

  #newFeed(journal: JournalIdentity, failed: (failure: ApplierFailure) => void): Feed {
    const { io, paths } = this.#context;
    return new Feed({
      clock: io.clock,
      directory: paths.journal,
      journal,
      start: this.#parts.startApplier,
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

  #mount(name: string, configured: string): OpenDatabase | null {
    const directory = this.directoryOf(configured);
    try {
      const nodes = this.#parts.openDatabase(directory);
      const meta = nodes.meta();
      const { guid, mirror } = meta;
      const kept = mirror !== null && isRetained(meta);
      const { turns } = this.#context.io;
      const database = new OpenDatabase({ name, directory, guid, mirror, isRetained: kept, nodes, turns });
      if (kept) database.bar = retained(name, mirror.name);
      else if (database.fedByMirror) database.bar = notPrimary(name);
      this.executor.namespaces.mount(database);
      this.#shareMemory();
      return database;
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

  /** Lets the file of a database that nothing feeds be changed, and mounts it as what it is then. */
  async reopened(database: OpenDatabase, change: () => void): Promise<void> {
    const { name, directory } = database;
    database.release();
    this.executor.namespaces.unmount(name);
    database.nodes.close();
    try {
      change();
    } finally {
      const mounted = this.#mount(name, directory);
      if (mounted !== null && !mounted.mirrored) await this.#feedLocal(mounted);
    }
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
    if (this.#localWriter === null) throw new GemelError('NOT_RUNNING', 'The local journal is not open.');
    return this.#localWriter.settled();
  }

  /** Transactions over mirrored and unmirrored data whose outcome only the mirror can say. */
  get inDoubt(): number {
    return this.#inDoubt?.count ?? 0;
  }

  view(database: OpenDatabase): DatabaseView {
    return {
      name: database.name,
      directory: database.directory,
      mounted: true,
      readOnly: database.bar !== null,
      mirrored: database.mirrored,
      mirror: database.mirror?.name ?? null,
      mirrorDatabase: database.mirror?.database ?? null,
      ...(database.isRetained ? { retained: true } : {}),
      failoverDB: database.mirrored ? database.failoverDB : null,
      size: database.nodes.fileBytes,
    };
  }

  list(): DatabaseView[] {
    const { Databases } = this.#context.settings;
    const mounted = new Map(this.executor.namespaces.all().map((d) => [d.name, this.view(d)]));
    const missing = Object.entries(Databases)
      .filter(([name]) => !mounted.has(name.toUpperCase()))
      .map(([name, directory]) => ({
        name,
        directory: this.directoryOf(directory),
        mounted: false,
        readOnly: true,
        mirrored: false,
        mirror: null,
        mirrorDatabase: null,
        failoverDB: null,
        size: 0,
      }));
    return [...mounted.values(), ...missing].sort((a, b) => (a.name < b.name ? -1 : 1));
  }

  /** Throws NAME, EXISTS. Nothing is made. */
  checkNew(name: string, directory: string | undefined): { name: string; directory: string } {
    const parsed = DatabaseName.safeParse(name);
    if (!parsed.success)
      throw new GemelError(
        'NAME',
        `${JSON.stringify(name)} cannot be the name of a database. ${parsed.error.issues[0]?.message ?? ''}`,
        'Nothing was made.',
        'Choose another name.',
      );
    if (this.#context.settings.Databases[parsed.data] !== undefined)
      throw new GemelError('EXISTS', `There is a database ${parsed.data} already.`, 'It was not changed.', 'Choose another name.');
    return { name: parsed.data, directory: this.directoryOf(directory ?? parsed.data.toLowerCase()) };
  }

  /** Makes an empty database, mounts it and feeds it from its journal. */
  async create(init: {
    name: string;
    directory: string;
    namespace: boolean;
    maxSizeMB: number | undefined;
    /** `failoverDB` false: it is to be updated here too. */
    mirror: { name: string; guid: string; database: string; databaseGuid: string; position: Position; failoverDB: boolean } | null;
  }): Promise<OpenDatabase> {
    const { io, paths, settings } = this.#context;
    const { mirror } = init;
    const position = mirror?.position ?? this.#localWriter?.end ?? null;
    this.#parts.createDatabase(init.directory, {
      guid: mirror?.databaseGuid ?? io.random.guid(),
      name: init.name,
      createdMs: io.clock.wallMs(),
      mirror: mirror === null ? null : { name: mirror.name, database: mirror.database, guid: mirror.guid, failoverDB: true },
      maxSizeBytes: init.maxSizeMB === undefined ? null : init.maxSizeMB * 1024 * 1024,
      journalId: mirror?.guid ?? settings.Startup.InstanceGUID,
      position: position?.file === 0 ? null : position,
    });
    if (mirror !== null && !mirror.failoverDB) clearFailoverFlag(init.directory, this.#localPlace());
    const database = this.#mount(init.name, init.directory);
    if (database === null)
      throw new GemelError(
        'DATABASE',
        `The new database ${init.name} cannot be mounted.`,
        'Its directory was left as it is.',
        'See messages.log.',
      );
    if (mirror === null || !mirror.failoverDB) await this.#feedLocal(database);
    else await this.#mirrors.get(mirror.name)?.feed.add(database);
    const relative = path.relative(paths.directory, init.directory);
    const stored = relative.startsWith('..') ? init.directory : relative;
    const change = (s: Settings): Settings => ({
      ...s,
      Databases: { ...s.Databases, [init.name]: stored },
      Namespaces: init.namespace ? { ...s.Namespaces, [init.name]: init.name } : s.Namespaces,
    });
    Object.assign(settings, change(updateSettings(paths.settings, change, io.files)));
    if (init.namespace) this.executor.namespaces.define(init.name, init.name);
    this.#context.log(
      0,
      `The database ${init.name} was created in ${init.directory}${mirror === null ? '' : ` as ${mirror.database} of the mirror ${mirror.name}`}.`,
    );
    return database;
  }

  // ------------------------------------------------------------ the local journal

  async #recoverLocal(): Promise<void> {
    const { io, paths, settings } = this.#context;
    const guid = settings.Startup.InstanceGUID;
    const journal = Journal.open({
      io,
      directory: paths.journal,
      journal: { kind: 'local', name: '', guid },
      member: guid,
      logs: [path.join(paths.mgr, 'journal.log')],
      warn: (error) => this.#context.log(1, `journal.log could not be written: ${String(error)}`),
    });
    if (journal.torn !== null)
      this.#context.log(
        1,
        `The last write to the local journal did not come through (${journal.torn.detail}); ${journal.torn.bytes} bytes behind its end were never durable and are dropped.`,
      );
    const end = journal.end.position;
    for (const database of this.localDatabases()) await this.local.add(database);
    await this.local.drained(end);
    const found = openAtEnd(journal.files, this.localDatabases(), end);
    const minor = (journal.lineage.at(-1)?.epoch.minor ?? 0) + 1;
    const writer = await JournalWriter.open({
      io,
      journal,
      disk: this.newDisk(),
      epoch: { major: 1, minor, member: guid },
      fileBytesMax: this.journalBytesMax,
    });
    this.#localWriter = writer;
    const port = this.executor.attach('local', writer);
    this.#localPort = port;
    writer.onError((error) => void this.journals.failed(port, error));
    this.executor.transactionsBegin(found.highest);
    for (const database of this.localDatabases()) this.#bindLocal(database);
    this.local.attach(port, writer, null);
    this.executor.rollBackFound(port, found.open);
    if (found.open.length > 0) this.#context.log(1, `${found.open.length} open transactions of the local journal were rolled back.`);
    this.#inDoubt = new InDoubt(this.executor, port, this.#context.log, found.prepared);
  }

  /** What a journal of this instance is written with. */
  newDisk(): JournalDisk {
    return this.#parts.newDisk();
  }

  get journalBytesMax(): number {
    return this.#context.settings.Journal.FileSizeLimit * 1024 * 1024;
  }

  #bindLocal(database: OpenDatabase): void {
    if (this.#localPort === null) return;
    database.journal = this.#localPort;
    database.journalNumber = this.#localPort.writer.bind({ name: database.journalName, guid: database.guid });
  }

  async #feedLocal(database: OpenDatabase): Promise<void> {
    await this.local.add(database);
    this.#bindLocal(database);
  }

  /** The mirror's journal is settled up to the position: transactions over both journals end as it says, where it can. */
  decidePrepared(mirrorJournal: Journal, settled: Position): void {
    this.#inDoubt?.decide(mirrorJournal, settled);
  }

  /** Cut whoever waits for updates that will never become durable. */
  onJournalFailed(listener: (why: string) => void): void {
    this.#onJournalFailed = listener;
  }

  #localPlace(): { journalId: string; position: Position } {
    const writer = this.#localWriter;
    assert(writer !== null, 'the local journal is open as long as the instance works');
    return { journalId: this.#context.settings.Startup.InstanceGUID, position: writer.end };
  }

  switchLocalJournal(): Promise<Position> {
    if (this.#localWriter === null) throw new GemelError('NOT_RUNNING', 'The local journal is not open.');
    return this.#localWriter.switch('operator');
  }

  get localWriter(): JournalWriter | null {
    return this.#localWriter;
  }

  // ------------------------------------------------------------ mirrors' journals

  #newCuts(journal: JournalIdentity, of: Pick<JournalCutsOptions, 'feed' | 'databases' | 'readWrite'>): JournalCuts {
    const { io, paths, settings, log } = this.#context;
    const mounted = (name: string): boolean => this.executor.namespaces.find(name) !== undefined;
    return new JournalCuts({
      ...of,
      io,
      directory: paths.journal,
      journal,
      start: this.#parts.startApplier,
      absent: () => Object.values(mirroredHere(settings, journal.name)).filter((name) => !mounted(name)),
      log,
    });
  }

  /** The databases of a mirror here, fed from its journal from now on. Call once the journal's directory has been opened. */
  async openMirror(mirror: { name: string; guid: string }): Promise<MirrorDatabases> {
    const { executor } = this;
    await this.closeMirror(mirror.name);
    const opened = new MirrorDatabases({
      mirror: mirror.name,
      executor,
      log: this.#context.log,
      newFeed: (failed) => this.#newFeed({ kind: 'mirror', ...mirror }, failed),
      local: { feed: this.local, place: () => this.#localPlace(), take: (database) => this.#feedLocal(database) },
      newCuts: (of) => this.#newCuts({ kind: 'mirror', ...mirror }, of),
    });
    this.#mirrors.set(mirror.name, opened);
    await opened.open();
    return opened;
  }

  /** Lets go of the files of a mirror's databases and of its journal: nobody reads them until they are mounted again. */
  async releaseMirror(mirror: string): Promise<void> {
    await this.#mirrors.get(mirror)?.feed.close();
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
    await opened?.feed.close();
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
    if (this.#localWriter !== null) {
      const end = await this.#localWriter.settled().catch(() => null);
      if (end !== null) await this.local.drained(end).catch(() => undefined);
    }
    for (const { feed } of this.#mirrors.values()) await feed.close();
    await this.local.close();
    await this.#localWriter?.close().catch(() => undefined);
    for (const database of this.executor.namespaces.all()) {
      database.release();
      database.nodes.close();
    }
  }
}
