import { GemelError } from '../../api/errors.ts';
import { setFileProperties, type GenerationId, type PropertyChange } from '../../database/index.ts';
import type { Clock } from '../../io/index.ts';
import {
  Applier,
  comparePositions,
  type ApplierFailure,
  type HeldFile,
  type Inheritance,
  type JournalIdentity,
  type JournalWriter,
  type Position,
  type StartApplierThread,
} from '../../journal/index.ts';
import type { JournalPort, OpenDatabase } from '../executor/index.ts';

/** How often changed nodes are handed over to the database files, when the last ones have arrived there. */
const FREEZE_MS = 400;

/** Database files that stay as they are until `release`. */
export interface FilesHeld {
  readonly files: readonly HeldFile[];
  /** @returns whether they have stayed as they were all the time */
  release(): Promise<boolean>;
}

interface Frozen {
  readonly ticket: number;
  readonly generations: Map<OpenDatabase, GenerationId>;
  /** The journal position that covers them; null until they are durable. */
  position: Position | null;
}

export interface FeedOptions {
  readonly clock: Clock;
  readonly directory: string;
  readonly journal: JournalIdentity;
  readonly start: StartApplierThread;
  /** How many databases may be fed at the same time. */
  readonly workers: number;
  readonly failed: (failure: ApplierFailure) => void;
  /** Nodes were dropped from overlays: updates that waited may go on. */
  readonly dropped: () => void;
}

/**
 * One journal's way into its database files: the applier, and, while this instance writes the journal, the cycle that
 * freezes the overlays and drops them once the files contain them.
 */
export class Feed {
  applier: Applier;
  readonly #options: FeedOptions;
  readonly #databases = new Set<OpenDatabase>();
  /** Names of those whose files take no more: nobody may think that they contain what was durable. */
  readonly #failed = new Set<string>();
  #isResting = false;
  #workers: number;
  #port: JournalPort | null = null;
  /** End of the newest durable block: a journal that was switched since goes on behind it, where the applier gets only with the next one. */
  #durable: Position = { file: 0, offset: 0 };
  #frozen: Frozen[] = [];
  #timer: { cancel(): void } | null = null;
  #stops: (() => void)[] = [];

  constructor(options: FeedOptions) {
    this.#options = options;
    this.#workers = options.workers;
    this.applier = this.#newApplier();
  }

  #newApplier(): Applier {
    const { clock, directory, journal, start } = this.#options;
    const applier = new Applier({ clock, directory, journal, start, role: 'backup', workers: this.#workers });
    applier.onApplied((progress) => {
      for (const { name, position } of progress.databases) this.#applied(name, position);
      this.#options.dropped();
    });
    applier.onFailure((failure) => {
      if (failure.database !== null) this.#fail(failure.database);
      this.#options.failed(failure);
    });
    return applier;
  }

  /** How many databases may be fed at the same time from now on. */
  setWorkers(workers: number): void {
    if (workers === this.#workers) return;
    this.#workers = workers;
    if (!this.#isResting) this.applier.setWorkers(workers);
  }

  isAttachedTo(port: JournalPort): boolean {
    return this.#port === port;
  }

  get databases(): ReadonlySet<OpenDatabase> {
    return this.#databases;
  }

  async add(database: OpenDatabase): Promise<Position | null> {
    this.#failed.delete(database.journalName);
    if (this.#isResting) {
      this.#databases.add(database);
      return database.nodes.meta().position;
    }
    const position = await this.applier.add({ name: database.journalName, directory: database.directory });
    this.#databases.add(database);
    return position;
  }

  /** The database's file gets no more: its changes stay in memory, and the others' cycle goes on without it. */
  #fail(name: string): void {
    this.#failed.add(name);
    for (const database of this.#databases) if (database.journalName === name) this.#databases.delete(database);
    for (const { generations } of this.#frozen) {
      for (const database of generations.keys()) if (database.journalName === name) generations.delete(database);
    }
    this.#frozen = this.#frozen.filter((f) => f.generations.size > 0);
  }

  /** An applier that could not read the journal gives its place to a new one, which feeds nothing before it is retried. */
  async readAnew(): Promise<void> {
    if (this.#isResting || this.applier.broken === null) return;
    await this.applier.close();
    this.applier = this.#newApplier();
  }

  /** Feeds a database that has failed once more. Rejects when it still cannot be. */
  async retry(database: OpenDatabase): Promise<void> {
    if (!this.#isResting) await this.#letGo(database.journalName);
    await this.add(database);
  }

  /** One that could not even be opened is not fed. */
  async #letGo(name: string): Promise<void> {
    try {
      await this.applier.remove(name);
    } catch (error) {
      if (!(error instanceof GemelError) || error.code !== 'NOT_FOUND') throw error;
    }
  }

  async remove(database: OpenDatabase): Promise<void> {
    this.#databases.delete(database);
    this.#failed.delete(database.journalName);
    await this.applier.remove(database.journalName);
  }

  /** Changes properties of a database, be it fed or not; durable when it resolves. Rejects with NOT_RUNNING, and what writing throws. */
  async setProperties(database: OpenDatabase, change: PropertyChange): Promise<void> {
    if (this.#isResting)
      throw new GemelError('NOT_RUNNING', 'The journal is being cut back here.', 'Nothing was changed.', 'Try again in a moment.');
    // Nothing feeds that one, and another may have its name in the journal.
    if (database.isRetained) return setFileProperties(database.directory, change);
    try {
      await this.applier.setProperties(database.journalName, change);
    } catch (error) {
      if (!(error instanceof GemelError) || error.code !== 'NOT_FOUND') throw error;
      setFileProperties(database.directory, change);
    }
  }

  /** As `Applier.hold`, of databases that it feeds. */
  async hold(databases: readonly OpenDatabase[], rests: boolean): Promise<FilesHeld> {
    if (this.#isResting)
      throw new GemelError(
        'NOT_RUNNING',
        'The databases are being taken back to where this member’s journal parts from its mirror’s.',
        'Nothing was changed.',
        'Try again when the member is connected.',
      );
    const { applier } = this;
    const { hold, files } = await applier.hold(
      databases.map(({ journalName }) => journalName),
      rests,
    );
    return { files, release: () => applier.release(hold).catch(() => false) };
  }

  /** Nothing is applied any more until `resume`: what was read is in the files, and they are closed. */
  async rest(): Promise<void> {
    this.#isResting = true;
    await this.applier.close();
  }

  /** After `rest`: feeds the databases from what their files contain now. The journal may be another one. */
  async resume(): Promise<void> {
    if (!this.#isResting) return;
    this.#isResting = false;
    this.applier = this.#newApplier();
    for (const database of this.#databases) await this.#addAgain(database);
  }

  async #addAgain(database: OpenDatabase): Promise<void> {
    const name = database.journalName;
    try {
      await this.applier.add({ name, directory: database.directory });
    } catch (error) {
      if (!(error instanceof GemelError)) throw error;
      this.#fail(name);
      this.#options.failed({ database: name, position: database.nodes.meta().position ?? { file: 0, offset: 0 }, error });
    }
  }

  /** As `drained`, but waits for others to let the position be applied; comes back after `timeoutMs` all the same. */
  async reached(position: Position, timeoutMs: number): Promise<void> {
    if (this.#databases.size === 0 || position.file === 0) return;
    let timer: { cancel(): void } | null = null;
    const late = new Promise<void>((resolve) => {
      timer = this.#options.clock.timer(timeoutMs, resolve);
    });
    try {
      await Promise.race([this.applier.drained(position), late]);
    } finally {
      (timer as { cancel(): void } | null)?.cancel();
    }
  }

  /** All databases contain everything before the position. Rejects when one of them takes no more. */
  async drained(position: Position): Promise<void> {
    if ((this.#databases.size === 0 && this.#failed.size === 0) || position.file === 0) return;
    this.applier.applyTo(position);
    await this.applier.drained(position);
  }

  /** What the files lack before the position, which the applier was let go to. Rejects as `drained` does. */
  async inherit(position: Position): Promise<Inheritance> {
    if ((this.#databases.size === 0 && this.#failed.size === 0) || position.file === 0) return { position, openStart: null, databases: [] };
    return this.applier.inherit(position);
  }

  /**
   * This instance writes the journal now: databases are updated through their overlays. Their nodes know of nothing but the
   * files before.
   * @param inheritance what the files may lack; null: nothing
   */
  attach(port: JournalPort, writer: JournalWriter, inheritance: Inheritance | null): void {
    this.#port = port;
    this.applier.setRole('primary');
    if (inheritance !== null) this.#takeOn(inheritance);
    this.#durable = writer.durable;
    this.#stops = [
      writer.onDurable((position, ticket) => {
        this.#durable = position;
        this.applier.applyTo(position);
        for (const frozen of this.#frozen) if (frozen.position === null && frozen.ticket <= ticket) frozen.position = position;
      }),
    ];
    this.#schedule();
  }

  /** The overlays show it until the files have it. */
  #takeOn({ position, databases }: Inheritance): void {
    const generations = new Map<OpenDatabase, GenerationId>();
    const lacking = new Map(databases.map((each) => [each.name, each]));
    for (const database of this.#databases) {
      const { keys, values } = lacking.get(database.journalName) ?? { keys: [], values: [] };
      if (keys.length === 0) continue;
      for (const [n, key] of keys.entries()) database.nodes.inherit(key, values[n] ?? undefined);
      generations.set(database, database.nodes.freeze());
    }
    if (generations.size === 0) return;
    this.#frozen.push({ ticket: 0, generations, position });
    this.#hearAgain();
  }

  detach(): void {
    for (const stop of this.#stops) stop();
    this.#stops = [];
    this.#timer?.cancel();
    this.#port = null;
    this.#frozen = [];
    this.applier.setRole('backup');
  }

  async close(): Promise<void> {
    this.detach();
    await this.applier.close();
  }

  #schedule(): void {
    this.#timer = this.#options.clock.timer(FREEZE_MS, () => {
      this.#freeze();
      this.#schedule();
    });
  }

  #freeze(): void {
    const port = this.#port;
    // One at a time: reads look through every generation.
    if (port === null || this.#frozen.length > 0) return;
    const generations = new Map<OpenDatabase, GenerationId>();
    for (const database of this.#databases) if (database.nodes.overlayEntries > 0) generations.set(database, database.nodes.freeze());
    if (generations.size === 0) return;
    const position = port.durable ? this.#durable : null;
    this.#frozen.push({ ticket: port.newestTicket, generations, position });
    this.#hearAgain();
  }

  /** The files may have it all already; in quiet times no news of that comes again. */
  #hearAgain(): void {
    for (const { name, position } of this.applier.progress?.databases ?? []) this.#applied(name, position);
  }

  #applied(name: string, position: Position): void {
    for (const frozen of this.#frozen) {
      if (frozen.position === null || comparePositions(position, frozen.position) < 0) continue;
      for (const [database, generation] of frozen.generations) {
        if (database.journalName !== name) continue;
        database.release();
        database.nodes.drop(generation);
        frozen.generations.delete(database);
      }
    }
    this.#frozen = this.#frozen.filter((f) => f.generations.size > 0);
  }
}
