import { GemelError } from '../../api/errors.ts';
import { assert } from '../../io/assert.ts';
import type { Io } from '../../io/index.ts';
import { isBefore, type Inheritance, type JournalWriter, type Position } from '../../journal/index.ts';
import {
  isObsolete,
  type AsyncMember,
  type Dejournaled,
  type LocalDatabase,
  type Mirror,
  type MirrorDatabase,
  type MirrorHost,
  type SeedSource,
  type UpdateFilter,
} from '../../mirror/index.ts';
import type { JournalPort, OpenDatabase, RoleView, WriteBar } from '../executor/index.ts';
import { LocalSide } from '../compare/local-side.ts';
import { propertyStanding } from './editing.ts';
import type { Log } from '../messages.ts';
import {
  journalBroken,
  mirrorPosition,
  notPrimary,
  oldestInherited,
  openAtEnd,
  ReadWriteFeed,
  readWriteFailureLine,
  type DismountedDatabase,
  type MirrorDatabases,
  type Store,
} from '../store/index.ts';

export interface MemberHostOptions {
  readonly store: Store;
  readonly log: Log;
  readonly io: Pick<Io, 'clock' | 'turns'>;
  /** Cuts all clients: what they wait for will never be answered here. */
  readonly resetClients: (why: string) => void;
  readonly end: (reason: string) => void;
  /** Names of the databases that have to be mounted before this member may be primary. */
  readonly required: () => readonly string[];
  readonly changed: () => void;
  /** The member is of another type now and is to be begun anew. */
  readonly typeChanged?: () => void;
  /** A copy here, for another member to make its own from; left out: none can be had. Throws GemelError. */
  readonly seedSource?: (asked: SeedAsked) => SeedSource;
}

/** Another member wants to make its copy of a database from the one here. */
export interface SeedAsked {
  /** Name in the mirror. */
  readonly database: string;
  /** GUID of the member. */
  readonly asker: string;
  readonly member: Mirror | AsyncMember;
  readonly mirrored: MirrorDatabases;
}

const handingOver = {
  code: 'PROTECT' as const,
  what: 'This member is handing over to the backup.',
  todo: 'Connect to the new primary and repeat the update.',
};

/** A member of either kind, as far as the instance's databases and clients depend on it. */
type Hosted = Mirror | AsyncMember;

/** The instance as the mirror sees it: roles of the mirrored databases, the executor's access to the mirror's journal. */
export class MemberHost implements MirrorHost {
  readonly #options: MemberHostOptions;
  readonly #mirrored: MirrorDatabases;
  #hosted: Hosted | null = null;
  /** The same while it is a failover member. */
  #mirror: Mirror | null = null;
  #port: JournalPort | null = null;
  /** Of an async. */
  #readWrite: ReadWriteFeed | null = null;
  /** What a new primary reads although its databases' files lack it. */
  #inheritance: Inheritance | null = null;
  #open = false;
  /** Why this primary takes no updates although it is open: its journal cannot be written. */
  #frozen: WriteBar = null;

  constructor(options: MemberHostOptions, mirrored: MirrorDatabases) {
    this.#options = options;
    this.#mirrored = mirrored;
  }

  /** The failover member this is the host of; set once, right after it is made. */
  belongTo(mirror: Mirror): void {
    this.#hosted = this.#mirror = mirror;
  }

  /** The same, of an async. */
  belongToAsync(member: AsyncMember): void {
    this.#hosted = member;
    const { store, log, io } = this.#options;
    this.#readWrite = new ReadWriteFeed({
      clock: io.clock,
      turns: io.turns,
      executor: store.executor,
      files: () => member.journal.journal.files,
      failed: (by, error) => {
        if (by === 'filter') return member.filtering.failed(error);
        log(2, readWriteFailureLine(error));
        member.dejournaler.databaseFailed();
      },
    });
    for (const database of this.#mirrored.readWrite()) this.#readWrite.add(database);
    this.#mirrored.useReadWriteFeed(this.#readWrite);
  }

  /** The databases of the mirror here. */
  get mirrored(): MirrorDatabases {
    return this.#mirrored;
  }

  /** A mirrored database that was made here, or whose FailoverDB flag was cleared here, is fed from where it stands. */
  feedReadWrite(database: OpenDatabase): void {
    this.#readWrite?.add(database);
  }

  /** It is fed no more. */
  forgetReadWrite(database: OpenDatabase): void {
    this.#readWrite?.remove(database);
  }

  useFilter(filter: UpdateFilter | null | 'awaited'): void {
    this.#readWrite?.useFilter(filter);
  }

  close(): void {
    this.#readWrite?.close();
  }

  get isOpen(): boolean {
    return this.#open;
  }

  log(severity: 0 | 1 | 2 | 3, text: string): void {
    this.#options.log(severity, text);
  }

  databases(): LocalDatabase[] {
    const { store } = this.#options;
    const mirrored = this.#mirrored;
    const kept = this.#retained().map((d) => ({ ...placeOf(d), needsActivation: true, position: null }));
    const isBroken = mirrored.feed.applier.broken !== null;
    const fed = mirrored.all().map((d) => {
      const halt = mirrored.halt(d)?.is;
      const reason = mirrored.whyApart(d);
      return {
        ...placeOf(d),
        ...(mirrored.isObsolete(d) ? { isObsolete: true } : {}),
        ...(halt === undefined ? {} : { halt }),
        ...(reason === null ? {} : { reason }),
        isFailed: mirrored.failure(d.journalName) !== undefined || (isBroken && d.fedByMirror),
        position: this.#position(d),
      };
    });
    const away = store.dismounted.of(mirrored.mirror).map(({ view, guid, position }) => {
      const name = view.mirrorDatabase ?? view.name;
      const isGone = isObsolete(this.#entries(), { name, guid });
      return {
        name,
        directory: view.directory,
        mounted: false,
        ...(isGone ? { isObsolete: true } : {}),
        position,
        failoverDB: view.failoverDB ?? true,
      };
    });
    return [...fed, ...kept, ...away];
  }

  /** What the mirror has. */
  #entries(): readonly MirrorDatabase[] {
    return this.#hosted?.membership.databases ?? [];
  }

  /** Databases of this mirror that it was left with, and that have to be activated. */
  #retained(): OpenDatabase[] {
    const guid = this.#hosted?.membership.guid;
    return this.#options.store.retained().filter((d) => d.nodes.meta().mirror?.guid === guid);
  }

  /** In the mirror's journal. */
  #position(database: OpenDatabase): Position | null {
    const { journalName: name, mirror } = database;
    if (!database.fedByMirror) return this.#readWrite?.position(mirror?.database ?? '') ?? mirrorPosition(database);
    const fed = this.#mirrored.halt(database) === null ? this.#mirrored.feed.applier.progress?.databases : undefined;
    return fed?.find((d) => d.name === name)?.position ?? database.nodes.meta().position;
  }

  /** Throws NOT_FOUND, REFUSED. */
  compared(database: string): LocalSide {
    const found = this.#mirrored.all().find((d) => d.mirror?.database === database);
    if (found === undefined) throw cannotCompare('NOT_FOUND', `The database ${database} is not mounted on ${this.#name}.`);
    if (!found.fedByMirror) throw cannotCompare('REFUSED', `The database ${database} takes updates of its own on ${this.#name}.`);
    const apart = this.#mirrored.whyApart(found);
    if (apart !== null) throw cannotCompare('REFUSED', `The database ${database} is not dejournaled on ${this.#name}: ${apart}`);
    return new LocalSide({ name: found.journalName, directory: found.directory, applier: () => this.#mirrored.feed.applier });
  }

  /** Throws GemelError. */
  seeded(database: string, asker: string): SeedSource {
    const { seedSource } = this.#options;
    if (seedSource === undefined || this.#hosted === null)
      throw new GemelError('REFUSED', 'No copy can be had here.', 'Nothing was changed.');
    return seedSource({ database, asker, member: this.#hosted, mirrored: this.#mirrored });
  }

  get #name(): string {
    return this.#hosted?.self.name ?? 'this member';
  }

  cannotTakeOver(): string | null {
    const broken = this.#mirrored.feed.applier.broken;
    if (broken !== null) return `Dejournaling has stopped: ${broken.message}`;
    const [kept] = this.#retained().filter((d) => !this.#mirrored.isObsolete(d));
    if (kept !== undefined) return `The mirrored database ${kept.name} needs activation: gemel db activate, then gemel db catchup.`;
    const { dismounted } = this.#options.store;
    const mounted = new Set(this.#mirrored.all().map((d) => d.name));
    const absent = this.#options.required().find((name) => !mounted.has(name) && !this.#isGone(dismounted.get(name)));
    if (absent !== undefined && dismounted.get(absent) !== undefined)
      return `The mirrored database ${absent} is dismounted: gemel db mount.`;
    if (absent !== undefined)
      return `The mirrored database ${absent} is not mounted (messages.log says why); restore it, or take it out of [MapMirrors] in gemel.cpf and restart.`;
    // An obsolete copy counts as none: the mirror's database is missing here, as the report says.
    const here = this.#mirrored.all().filter((d) => !this.#mirrored.isObsolete(d));
    const halted = here.flatMap((d) => this.#mirrored.halt(d) ?? [])[0];
    if (halted !== undefined) return halted.why;
    const failed = here.find((d) => this.#mirrored.failure(d.journalName) !== undefined);
    return failed === undefined
      ? null
      : `The database ${failed.name} is not dejournaled: ${this.#mirrored.failure(failed.journalName) ?? ''}`;
  }

  /** A dismounted copy of what the mirror has no more. */
  #isGone(away: DismountedDatabase | undefined): boolean {
    return away !== undefined && isObsolete(this.#entries(), { name: away.view.mirrorDatabase ?? '', guid: away.guid });
  }

  applyTo(position: Position): void {
    this.#mirrored.applyTo(position);
    this.#readWrite?.applyTo(position);
    const journal = this.#hosted?.journal.journal;
    if (journal !== undefined) this.#options.store.decidePrepared(journal, position);
  }

  async inherit(position: Position): Promise<void> {
    this.#inheritance = await this.#mirrored.feed.inherit(position);
  }

  async retryFailed(): Promise<string[]> {
    const still = await this.#mirrored.retry();
    if (still.length === 0) this.#readWrite?.goOn();
    return still;
  }

  barReads(why: string | null): void {
    this.#mirrored.cuts.barReads(why);
  }

  dejournaled(): Dejournaled | null {
    const going = this.databases().filter((d) => d.mounted && d.halt === undefined && d.isObsolete !== true);
    const positions = going.flatMap((d) => d.position ?? []);
    const [first, ...others] = positions;
    if (first === undefined) return null;
    const position = others.reduce((least, other) => (isBefore(other, least) ? other : least), first);
    return { position, timeMs: newest(this.#mirrored.feed.applier.progress?.timeMs, this.#readWrite?.timeMs) };
  }

  attachWriter(writer: JournalWriter): void {
    const inheritance = this.#inheritance;
    assert(inheritance !== null, 'who writes has inherited first');
    const { executor } = this.#options.store;
    const port = executor.attach('mirror', writer);
    this.#port = port;
    this.#frozen = null;
    writer.onError((error) => this.#freeze(port, writer, error));
    for (const database of this.#mirrored.active()) {
      database.release();
      database.nodes.reset();
      database.journal = port;
      database.journalNumber = writer.bind({ name: database.journalName, guid: database.guid });
    }
    this.#mirrored.feed.attach(port, writer, inheritance);
    executor.role_ = this.#roleView();
  }

  /** Who writes the mirror's journal here; null: nobody. */
  get writer(): JournalWriter | null {
    return this.#port?.writer ?? null;
  }

  /** A database that comes into use while this member is primary: its updates go to the mirror's journal. */
  bindNew(database: OpenDatabase): void {
    const port = this.#port;
    if (port === null) return;
    database.nodes.reset();
    database.journal = port;
    database.journalNumber = port.writer.bind({ name: database.journalName, guid: database.guid });
    if (this.#open) database.bar = this.#frozen;
  }

  /** The mirror's journal cannot be used here: nothing is taken any more, and the decisions find who can go on. */
  #freeze(port: JournalPort, writer: JournalWriter, error: GemelError): void {
    if (this.#port !== port || this.#frozen !== null) return;
    this.#frozen = journalBroken(error);
    const end = writer.durable;
    void this.#options.store.journals.failed(port, error);
    this.#mirror?.input({ on: 'journal-failed', why: error.message, end });
  }

  /** Runs something during which the mirrored databases take updates although users may make none: the hook's. */
  lifted<T>(act: () => T): T {
    const port = this.#port;
    if (port === null || this.#open || this.#frozen !== null) return act();
    const databases = this.#mirrored.active();
    const bars = databases.map((database) => database.bar);
    for (const database of databases) database.bar = null;
    try {
      return act();
    } finally {
      for (const [n, database] of databases.entries()) database.bar = bars[n] ?? null;
    }
  }

  rollBackOpen(): void {
    const mirror = this.#mirror;
    const port = this.#port;
    assert(mirror !== null && port !== null, 'open transactions are rolled back by the member that writes');
    const { store, log } = this.#options;
    const { journal } = mirror.journal;
    const inheritance = this.#inheritance;
    assert(inheritance !== null, 'open transactions are among what is inherited');
    this.#inheritance = null;
    const end = journal.end.position;
    const found = openAtEnd(journal.files, this.#mirrored.active(), end, oldestInherited(inheritance, end));
    store.executor.transactionsBegin(found.highest);
    store.executor.rollBackFound(port, found.open);
    if (found.open.length > 0) log(1, `${found.open.length} transactions that were open on the former primary are rolled back.`);
    store.decidePrepared(journal, journal.end.position);
  }

  openForUsers(): void {
    this.#open = true;
    for (const database of this.#mirrored.active()) database.bar = this.#frozen;
    if (this.#port !== null) this.#port.bar = this.#frozen;
    this.#options.changed();
  }

  async drain(): Promise<void> {
    const { store } = this.#options;
    for (const database of this.#mirrored.active()) database.bar = handingOver;
    const port = this.#port;
    if (port === null) return;
    port.bar = handingOver;
    // A commit on its way from the local journal to this one is taken along.
    await store.executor.jointSettled();
    await new Promise<void>((resolve) => port.afterDurable(resolve));
  }

  resume(): void {
    this.openForUsers();
  }

  detachWriter(why: string): void {
    const port = this.#port;
    this.#port = null;
    this.#open = false;
    const { store } = this.#options;
    for (const database of this.#mirrored.active()) database.bar = notPrimary(database.name);
    if (port === null) return;
    store.journals.letGo(port);
    this.#options.resetClients(why);
    store.executor.advance();
    this.#options.changed();
  }

  end(reason: string): void {
    this.#options.end(reason);
  }

  changed(): void {
    this.#mirrored.lookAgain(this.#hosted === null ? undefined : propertyStanding(this.#hosted));
    this.#options.changed();
  }

  typeChanged(): void {
    this.#options.typeChanged?.();
  }

  #roleView(): RoleView {
    return {
      mayRead: () => this.#mirror?.mayRead() ?? true,
      role: () => {
        const mirror = this.#mirror;
        if (mirror === null) return { role: 'none', mirror: this.#hosted?.membership.mirror ?? null, peers: [] };
        const role = mirror.state.role.is;
        return {
          role: role === 'primary' ? 'primary' : role === 'backup' ? 'backup' : 'none',
          mirror: mirror.membership.mirror,
          peers: mirror.peerView(),
        };
      },
    };
  }

  /** Also a backup answers ROLE. */
  install(): void {
    const { store } = this.#options;
    store.executor.role_ = this.#roleView();
    // A primary that can bring nothing more into its databases serves no better than one whose journal cannot be written.
    this.#mirrored.onUnreadable((error) => {
      if (this.#port !== null) this.#freeze(this.#port, this.#port.writer, error);
    });
  }
}

function placeOf({ name, mirror, directory, failoverDB }: OpenDatabase): Omit<LocalDatabase, 'position'> {
  return { name: mirror?.database ?? name, directory, mounted: true, failoverDB };
}

/** null: none is known. */
function newest(...times: readonly (number | null | undefined)[]): number | null {
  const known = times.filter((time) => typeof time === 'number');
  return known.length === 0 ? null : Math.max(...known);
}

/** Throws when the instance is in no mirror. */
export function notInMirror(): GemelError {
  return new GemelError(
    'REFUSED',
    'This instance is in no mirror.',
    'Nothing was changed.',
    'Create a mirror with `gemel mirror create`, or join one with `gemel mirror join`.',
  );
}

function cannotCompare(code: 'NOT_FOUND' | 'REFUSED', what: string): GemelError {
  return new GemelError(code, what, 'It was not compared, and is as it was.', 'See gemel mirror status on that member.');
}
