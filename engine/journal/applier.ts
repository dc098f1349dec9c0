import { GemelError } from '../api/errors.ts';
import type { PropertyChange } from '../database/properties.ts';
import type { Bytes, Key } from '../globals/bytes.ts';
import { assert } from '../io/assert.ts';
import type { Clock } from '../io/clock.ts';
import type { AppliedDatabase, ApplierCommand, ApplierProgress, HeldFile, Inheritance } from './applier-messages.ts';
import { ApplierPool } from './applier-pool.ts';
import { startApplierThread, type StartApplierThread } from './applier-start.ts';
import { ApplierWorker, type ApplierAnswer } from './applier-worker.ts';
import { Listeners } from './listeners.ts';
import { comparePositions, isBefore } from './position.ts';
import type { CutRequest, PreparedCut } from './rewind/prepare.ts';
import type { RewindTo } from './rewind/rewind.ts';
import type { JournalIdentity, Position } from './types.ts';

/** Least time between commits under load. On a backup readers see them; on a primary they only shorten recovery. */
const intervals = { primary: 1000, backup: 100 } as const;
/** Least time between two messages that only raise the goal. */
const goalEveryMs = 5;

export interface ApplierOptions {
  readonly clock: Clock;
  /** The journal's files. */
  readonly directory: string;
  readonly journal: JournalIdentity;
  readonly role: keyof typeof intervals;
  /** Where the work is done; left out: in threads of its own. */
  readonly start?: StartApplierThread;
  /** How many databases at most are fed at the same time; left out: one. */
  readonly workers?: number;
}

/** A database, or with null the whole journal, that cannot go on. */
export interface ApplierFailure {
  readonly database: string | null;
  /** The file's position: everything from there on is still in the journal. */
  readonly position: Position;
  readonly error: GemelError;
}

/**
 * Brings database files up to a journal's durable position, in threads of its own: checkpoints of a primary, dejournaling of a
 * backup, replay of crash recovery. It reads nothing past the position it was given. Each worker reads the whole journal and
 * feeds databases of its own; what is told of them is told of all workers together.
 */
export class Applier {
  readonly #options: ApplierOptions;
  readonly #pool: ApplierPool;
  readonly #appliedListeners = new Listeners<[ApplierProgress]>();
  readonly #failures = new Listeners<[ApplierFailure]>();
  #role: keyof typeof intervals;
  #goal: Position = { file: 0, offset: 0 };
  #toldGoal: Position = { file: 0, offset: 0 };
  #toldAtMs = Number.NEGATIVE_INFINITY;
  #timer: { cancel(): void } | null = null;
  #progress: ApplierProgress | null = null;
  #broken: GemelError | null = null;
  readonly #held = new Map<number, readonly HeldPart[]>();
  #nextHold = 1;
  #isClosed = false;

  constructor(options: ApplierOptions) {
    this.#options = options;
    this.#role = options.role;
    this.#pool = new ApplierPool({
      clock: options.clock,
      most: options.workers ?? 1,
      begin: () => this.#newWorker(),
      failed: (database, position, error) => this.#failures.emit({ database, position, error }),
    });
  }

  #newWorker(): ApplierWorker {
    const { directory, journal, start = startApplierThread } = this.#options;
    const worker: ApplierWorker = new ApplierWorker(
      start,
      { directory, journal, intervalMs: intervals[this.#role] },
      { applied: () => this.#applied(), failed: (database, position, error) => this.#failed(database, position, error) },
    );
    if (this.#toldGoal.file > 0) worker.applyTo(this.#toldGoal);
    return worker;
  }

  /** As of the last commits, of all workers together: position and time are those of the slowest. null before the first. */
  get progress(): ApplierProgress | null {
    return this.#progress;
  }

  /** Not null once the journal could not be read: nothing is applied any more. */
  get broken(): GemelError | null {
    return this.#broken;
  }

  /** How many threads there are. */
  get workers(): number {
    return this.#pool.workers.length;
  }

  onApplied(listener: (progress: ApplierProgress) => void): () => void {
    return this.#appliedListeners.add(listener);
  }

  onFailure(listener: (failure: ApplierFailure) => void): () => void {
    return this.#failures.add(listener);
  }

  /**
   * Feeds one more database from the position its file contains (one that failed can be added again after `remove`).
   * @returns that position; rejects when the file cannot be opened or belongs to another journal
   */
  async add(database: AppliedDatabase): Promise<Position> {
    if (this.#broken !== null) throw this.#broken;
    return this.#pool.add(database);
  }

  /** Commits what the database has coming, closes its file and feeds it no more. @returns the position its file contains */
  async remove(database: string): Promise<Position> {
    if (this.#broken !== null) throw this.#broken;
    return this.#pool.remove(database);
  }

  /** Feeds at most so many databases at the same time from now on. */
  setWorkers(most: number): void {
    if (!this.#isClosed && this.#broken === null) this.#pool.setMost(most);
  }

  /** Everything before it is durable and synced here: it may be applied. Going back is ignored. Cheap to call for every block. */
  applyTo(position: Position): void {
    if (!isBefore(this.#goal, position)) return;
    this.#goal = position;
    if (this.#timer !== null || this.#isClosed) return;
    const { clock } = this.#options;
    const wait = this.#toldAtMs + goalEveryMs - clock.monotonicMs();
    if (wait <= 0) this.#tellGoal();
    else {
      this.#timer = clock.timer(wait, () => {
        this.#timer = null;
        this.#tellGoal();
      });
    }
  }

  setRole(role: keyof typeof intervals): void {
    this.#role = role;
    for (const worker of this.#pool.workers) worker.post({ name: 'interval', intervalMs: intervals[role] });
  }

  /**
   * Resolves when every database contains everything before the position, in its file; commits do not wait for more until then.
   * `applyTo` still has to reach it. Rejects when the journal cannot be read or a database has failed on the way.
   */
  async drained(position: Position): Promise<void> {
    await this.#askAll((id) => ({ name: 'drain', id, position }));
  }

  /**
   * What the databases' files lack before the position: for who needs it at once and not only when it is committed, which goes
   * on as usual. `applyTo` must have reached the position, and not gone beyond. Rejects as `drained` does.
   */
  async inherit(position: Position): Promise<Inheritance> {
    const answers = await this.#askAll((id) => ({ name: 'inherit', id, position }));
    const parts = answers.map(({ inheritance }) => {
      assert(
        inheritance !== undefined && comparePositions(inheritance.position, position) === 0,
        'what is inherited ends where it was asked for',
      );
      return inheritance;
    });
    // Each has read all transactions that can be open for its databases; the oldest of any is where undoing begins.
    const starts = parts.flatMap(({ openStart }) => openStart ?? []);
    const openStart = starts.reduce<Position | null>((least, each) => (least === null || isBefore(each, least) ? each : least), null);
    return { position, openStart, databases: parts.flatMap(({ databases }) => databases) };
  }

  /**
   * The database stands still for `ms` at most, with everything before the position in its file and nothing behind it: for who compares it
   * with others. Whatever else needs the file ends it.
   * @param at not before where it is; null: where it is
   * @returns the position; rejects with TIMEOUT when it does not come to stand there, NOT_FOUND
   */
  async stand(database: string, at: Position | null, ms: number): Promise<Position> {
    const worker = await this.#feeding(database);
    return (await worker.ask((id) => ({ name: 'stand', id, at, ms }))).position;
  }

  goOn(database: string): void {
    for (const worker of this.#pool.workers) if (worker.databases.has(database)) worker.post({ name: 'go-on' });
  }

  /**
   * While it stands at `at`: changes nodes of a database that are not as they should be there, in one commit; null: there is none.
   * Rejects with TIMEOUT when it has gone on, and has changed nothing then.
   */
  async correct(database: string, at: Position, changes: readonly (readonly [key: Key, value: Bytes | null])[]): Promise<void> {
    const worker = await this.#feeding(database);
    await worker.ask((id) => ({ name: 'correct', id, database, at, changes }));
  }

  /** Changes what a database says of itself, durably; also of one that takes no more. Rejects with NOT_FOUND, NOT_RUNNING, and what writing throws. */
  async setProperties(database: string, change: PropertyChange): Promise<void> {
    const worker = await this.#feeding(database);
    if (this.#isClosed)
      throw new GemelError('NOT_RUNNING', 'Dejournaling is beginning anew.', 'Nothing was changed.', 'Try again in a moment.');
    await worker.ask((id) => ({ name: 'properties', id, database, change }));
  }

  /** The worker that has it. Throws NOT_FOUND, and what `broken` is. */
  async #feeding(database: string): Promise<ApplierWorker> {
    while (this.#pool.changes !== null) await this.#pool.changes;
    if (this.#broken !== null) throw this.#broken;
    this.#tellGoal();
    const worker = this.#pool.workers.find(({ databases }) => databases.has(database));
    if (worker === undefined)
      throw new GemelError('NOT_FOUND', `The database ${database} is not being dejournaled.`, 'Nothing was changed.');
    return worker;
  }

  /**
   * Brings these databases to one position, the one that may be applied now, and all of it into the files themselves, without their
   * logs. Then the files stay as they are until `release`: anybody may copy them. What comes meanwhile goes to the logs, which grow;
   * with `rests` not even that, and it stays in the journal. Rejects when one of them is not fed, or as `drained` does.
   */
  async hold(databases: readonly string[], rests: boolean): Promise<{ readonly hold: number; readonly files: readonly HeldFile[] }> {
    const parts = new Map<ApplierWorker, string[]>();
    for (const name of databases) {
      const worker = await this.#feeding(name);
      parts.set(worker, [...(parts.get(worker) ?? []), name]);
    }
    const position = this.#goal;
    const asked = [...parts].map(async ([worker, names]): Promise<HeldPart & { files: readonly HeldFile[] }> => {
      let id = 0;
      const { held } = await worker.ask((next) => {
        id = next;
        return { name: 'hold', id, databases: names, rests, position };
      });
      assert(held !== undefined, 'what is held is told');
      return { worker, id, files: held };
    });
    const settled = await Promise.allSettled(asked);
    const held = settled.flatMap((each) => (each.status === 'fulfilled' ? each.value : []));
    const hold = this.#nextHold++;
    this.#held.set(hold, held);
    const refused = settled.find((each) => each.status === 'rejected');
    if (refused !== undefined) {
      await this.release(hold);
      throw refused.reason;
    }
    return { hold, files: held.flatMap(({ files }) => files) };
  }

  /** @returns whether the files have stayed as they were all the time; false also when nobody knows of that hold */
  async release(hold: number): Promise<boolean> {
    const parts = this.#held.get(hold);
    this.#held.delete(hold);
    if (this.#isClosed || this.#broken !== null || parts === undefined) return false;
    // A worker that has gone has handed its files over before.
    const there = parts.filter(({ worker }) => this.#pool.workers.includes(worker));
    const answers = await Promise.all(there.map(({ worker, id }) => worker.ask((next) => ({ name: 'release', id: next, hold: id }))));
    return there.length === parts.length && answers.every(({ isIntact }) => isIntact === true);
  }

  /** As `prepareCut`. Of an applier that feeds no database. */
  async prepareCut(request: CutRequest): Promise<PreparedCut> {
    const { prepared } = await this.#askFirst((id) => ({ name: 'prepare-cut', id, request }));
    assert(prepared !== undefined, 'what was prepared is told');
    return prepared;
  }

  /** As `rewindDatabases`. Of an applier that feeds no database. */
  async rewind(databases: readonly AppliedDatabase[], to: RewindTo): Promise<void> {
    await this.#askFirst((id) => ({ name: 'rewind', id, databases, to }));
  }

  /** Commits what was read, closes all files and ends the threads. */
  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#tellGoal();
    this.#isClosed = true;
    this.#timer?.cancel();
    await this.#pool.close();
  }

  #tellGoal(): void {
    // Where one worker cannot read on, the others do not go on either.
    if (this.#broken !== null || comparePositions(this.#goal, this.#toldGoal) === 0) return;
    this.#toldGoal = this.#goal;
    this.#toldAtMs = this.#options.clock.monotonicMs();
    for (const worker of this.#pool.workers) worker.applyTo(this.#goal);
  }

  async #askFirst(command: (id: number) => ApplierCommand): Promise<ApplierAnswer> {
    const [first] = this.#pool.workers;
    assert(first !== undefined, 'there is always a worker');
    return first.ask(command);
  }

  /** Asks every worker that feeds a database, at once unless one is on its way to another. */
  async #askAll(command: (id: number) => ApplierCommand): Promise<ApplierAnswer[]> {
    while (this.#pool.changes !== null) await this.#pool.changes;
    if (this.#broken !== null) throw this.#broken;
    this.#tellGoal();
    return Promise.all(this.#pool.feeding().map((worker) => worker.ask(command)));
  }

  #applied(): void {
    const progress = allProgress(this.#pool.workers);
    if (progress === null) return;
    this.#progress = progress;
    this.#appliedListeners.emit(progress);
    // A file that moves does not stay as it is.
    if (this.#held.size === 0) this.#pool.look();
  }

  #failed(database: string | null, position: Position, error: GemelError): void {
    if (database === null) {
      // The others would only say the same when they come to that place.
      if (this.#broken !== null) return;
      this.#broken = error;
    }
    this.#failures.emit({ database, position, error });
  }
}

/** What one worker holds. */
interface HeldPart {
  readonly worker: ApplierWorker;
  /** Its own number of the hold. */
  readonly id: number;
}

/** What the workers have told, put together; null: nothing yet. */
function allProgress(workers: readonly ApplierWorker[]): ApplierProgress | null {
  const told = workers.flatMap(({ progress, databases }) => {
    if (progress === null) return [];
    // One may still tell of a database that has moved to another.
    return { ...progress, databases: progress.databases.filter(({ name }) => databases.has(name)) };
  });
  const feeding = told.filter(({ databases }) => databases.length > 0);
  const [first, ...others] = feeding.length > 0 ? feeding : told;
  if (first === undefined) return null;
  const slowest = others.reduce((least, each) => (isBefore(each.position, least.position) ? each : least), first);
  const totals = { records: 0, journalBytes: 0, walBytes: 0, commits: 0 };
  for (const each of told) for (const key of ['records', 'journalBytes', 'walBytes', 'commits'] as const) totals[key] += each.totals[key];
  return { position: slowest.position, timeMs: slowest.timeMs, databases: told.flatMap(({ databases }) => databases), totals };
}
