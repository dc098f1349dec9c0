import { GemelError } from '../api/errors.ts';
import { assert } from '../io/assert.ts';
import type { Clock } from '../io/clock.ts';
import type { AppliedDatabase } from './applier-messages.ts';
import { moveForCount, moveForLoad, placeFor, type Move, type WorkerLoad } from './applier-placement.ts';
import type { ApplierWorker } from './applier-worker.ts';
import type { Position } from './types.ts';

/** Least time between two looks at how busy the databases are. */
const lookEveryMs = 10_000;

export interface ApplierPoolOptions {
  readonly clock: Clock;
  /** How many workers there may be. */
  readonly most: number;
  readonly begin: () => ApplierWorker;
  /** A database that was to move could not be opened again. */
  readonly failed: (database: string, position: Position, error: GemelError) => void;
}

/**
 * The workers of an applier, and which of them feeds which database. A database is fed by one worker at a time: it moves when
 * everything that the one has read for it is in its file, and that is closed.
 */
export class ApplierPool {
  readonly workers: ApplierWorker[] = [];
  readonly #options: ApplierPoolOptions;
  readonly #directories = new Map<string, string>();
  /** Those that could not be opened again. */
  readonly #unfed = new Map<string, GemelError>();
  #most: number;
  #lookedAtMs: number;
  /** Databases that come, go or move, one after the other; null: none does. */
  #changes: Promise<void> | null = null;
  #isClosed = false;

  constructor(options: ApplierPoolOptions) {
    this.#options = options;
    this.#most = options.most;
    this.#lookedAtMs = options.clock.monotonicMs();
    this.workers.push(options.begin());
  }

  /** null: every database is where it belongs. */
  get changes(): Promise<void> | null {
    return this.#changes;
  }

  /** Those that feed databases. Throws why one is fed by none. */
  feeding(): readonly ApplierWorker[] {
    const [unfed] = this.#unfed.values();
    if (unfed !== undefined) throw unfed;
    return this.workers.filter(({ databases }) => databases.size > 0);
  }

  add(database: AppliedDatabase): Promise<Position> {
    return this.#change(async () => {
      const position = await this.#addTo(placeFor(this.#loads(), this.#most), database);
      this.#directories.set(database.name, database.directory);
      return position;
    });
  }

  remove(name: string): Promise<Position> {
    return this.#change(() => {
      this.#directories.delete(name);
      this.#unfed.delete(name);
      return this.#removeFrom(
        this.workers.find(({ databases }) => databases.has(name)),
        name,
      );
    });
  }

  /** Databases that have to move for it do so one after the other. */
  setMost(most: number): void {
    this.#most = most;
    this.#inBackground(async () => {
      for (;;) {
        const move = moveForCount(this.#loads(), this.#most);
        if (move === null || this.#isClosed) break;
        await this.#move(move);
      }
      while (this.workers.length > Math.max(1, this.#most)) await this.workers.pop()?.close();
    });
  }

  /** To be called now and then: where one worker has much more to do than another, a database moves. */
  look(): void {
    const nowMs = this.#options.clock.monotonicMs();
    if (this.workers.length < 2 || this.#changes !== null || nowMs - this.#lookedAtMs < lookEveryMs) return;
    this.#lookedAtMs = nowMs;
    const move = moveForLoad(this.#loads());
    for (const worker of this.workers) worker.noteUpdates();
    if (move !== null) this.#inBackground(() => this.#move(move));
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    while (this.#changes !== null) await this.#changes;
    await Promise.all(this.workers.map((worker) => worker.close()));
  }

  #loads(): WorkerLoad[] {
    return this.workers.map((worker) => [...worker.databases.keys()].map((name) => ({ name, updates: worker.updatesOf(name) })));
  }

  /** Begins at once where nothing else is under way. */
  #change<T>(act: () => Promise<T>): Promise<T> {
    const acting = async (): Promise<T> => {
      if (!this.#isClosed) return act();
      throw new GemelError('NOT_RUNNING', 'Dejournaling has ended here.', 'The journal has everything that was not applied.', 'Try again.');
    };
    const done = this.#changes === null ? acting() : this.#changes.then(acting);
    const settled = done.then(
      () => undefined,
      () => undefined,
    );
    this.#changes = settled;
    void settled.then(() => {
      if (this.#changes === settled) this.#changes = null;
    });
    return done;
  }

  #inBackground(act: () => Promise<void>): void {
    this.#change(act).catch((error: unknown) => {
      // A journal that cannot be read was told of, and nothing moves any more.
      if (!(error instanceof GemelError)) throw error;
    });
  }

  async #move({ name, from, to }: Move): Promise<void> {
    const directory = this.#directories.get(name);
    assert(directory !== undefined, 'a database moves that is fed');
    const worker = this.workers[from];
    let position = worker?.progress?.databases.find((database) => database.name === name)?.position ?? { file: 0, offset: 0 };
    try {
      position = await this.#removeFrom(worker, name);
      await this.#addTo(to, { name, directory });
    } catch (error) {
      if (!(error instanceof GemelError)) throw error;
      this.#unfed.set(name, error);
      this.#options.failed(name, position, error);
    }
  }

  async #addTo(place: number, database: AppliedDatabase): Promise<Position> {
    if (place === this.workers.length) this.workers.push(this.#options.begin());
    const worker = this.workers[place];
    assert(worker !== undefined, 'a database comes to a worker that is there');
    worker.databases.set(database.name, 0);
    try {
      return (await worker.ask((id) => ({ name: 'add', id, database }))).position;
    } catch (error) {
      worker.databases.delete(database.name);
      throw error;
    }
  }

  async #removeFrom(worker: ApplierWorker | undefined, name: string): Promise<Position> {
    if (worker === undefined) throw new GemelError('NOT_FOUND', `The database ${name} is not being dejournaled.`);
    try {
      return (await worker.ask((id) => ({ name: 'remove', id, database: name }))).position;
    } finally {
      worker.databases.delete(name);
    }
  }
}
