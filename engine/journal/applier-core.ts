import { GemelError } from '../api/errors.ts';
import { assert } from '../io/assert.ts';
import type { Clock } from '../io/clock.ts';
import type { AppliedDatabase, ApplierProgress, Inheritance } from './applier-messages.ts';
import { ApplierTarget, type TargetWriter } from './applier-target.ts';
import { Bindings, notBound } from './bindings.ts';
import type { JournalFiles } from './files.ts';
import { comparePositions, isBefore } from './position.ts';
import { BlockReader, type Block } from './reader.ts';
import { RecordCursor } from './record.ts';
import { TransactionTracker } from './recovery.ts';
import { dataStart, recordTypes, type Position } from './types.ts';

/** A batch is committed at the latest when it has taken in so many updates: a new primary inherits no more than about that. */
const batchRecords = 100_000;
/**
 * As long as there is more journal to read than this, nobody waits for the newest of it, and a batch takes in far more: most updates
 * of a long journal are of nodes that come again, and every page is written once a commit, whatever has changed in it.
 */
const backlogBytes = 16 * 1024 * 1024;
const backlogBatchRecords = 2_000_000;
/** Memory of all batches. */
const batchBytes = 80 * 1024 * 1024;
/**
 * A batch of more records than the first is load: commits then wait longer, at least the second and some times the usual interval.
 * Each page is written once a commit, so a few seconds of random updates cost a fraction of what many small commits would.
 */
const loadRecords = 50;
const loadPauseMs = 1000;
const loadPauseFactor = 4;
/** Longest time of one step before messages are looked at again. */
const sliceMs = 20;
/** A database that nothing happens to gets its position written when it would have to read this much journal again. */
const idleLagBytes = 16 * 1024 * 1024;
/** Log bytes after which a database's write-ahead log is copied into its file. */
const walBytesMax = 32 * 1024 * 1024;

interface Drain {
  readonly position: Position;
  readonly done: (error: unknown) => void;
}

/** Who asked for what the files lack. */
interface Heir {
  readonly done: (inheritance: Inheritance) => void;
  readonly failed: (error: unknown) => void;
}

export interface ApplierCoreOptions {
  readonly clock: Clock;
  readonly files: JournalFiles;
  readonly openWriter: (directory: string) => TargetWriter;
  /** Least time between two commits under load. */
  readonly intervalMs: number;
  readonly applied: (progress: ApplierProgress) => void;
  /** A database (or, null, the whole journal) cannot go on. What it has not taken is still in the journal. */
  readonly failed: (database: string | null, position: Position, error: unknown) => void;
}

/**
 * Brings databases up to a position of a journal: reads blocks once for all of them, gathers the newest value of each node, and
 * commits each database's share in key order, together with the position. Does a bounded piece of work a step.
 */
export class ApplierCore {
  intervalMs: number;
  readonly #options: ApplierCoreOptions;
  readonly #targets = new Map<string, ApplierTarget>();
  readonly #bindings = new Bindings();
  readonly #tracker = new TransactionTracker();
  /** By the numbers of the file being read; null: another's, undefined: the file has not said whose. */
  #byNumber: (ApplierTarget | null | undefined)[] = [];
  #reader: BlockReader | null = null;
  #goal: Position = { file: 0, offset: 0 };
  #drains: Drain[] = [];
  #heirs: { readonly position: Position; readonly heir: Heir }[] = [];
  #committedTo: Position = { file: 0, offset: 0 };
  #committedAtMs = Number.NEGATIVE_INFINITY;
  #timeMs: number | null = null;
  #isBroken = false;
  /** A block is being taken; stays so when that fails. */
  #isTaking = false;
  #brokenBy: unknown = null;
  #gatheredRecords = 0;
  #gatheredBytes = 0;
  #totals = { records: 0, journalBytes: 0, walBytes: 0, commits: 0 };

  constructor(options: ApplierCoreOptions) {
    this.#options = options;
    this.intervalMs = options.intervalMs;
  }

  /** Where reading has got to. */
  get position(): Position {
    return this.#reader?.position ?? this.#committedTo;
  }

  /** Opens the database's file and feeds it from the position it contains. Throws what opening throws, and when it belongs to another journal. */
  add(database: AppliedDatabase): Position {
    assert(!this.#targets.has(database.name), `${database.name} is fed once`);
    const { files } = this.#options;
    const first = { file: files.first?.number ?? 1, offset: dataStart };
    const target = new ApplierTarget(database.name, this.#options.openWriter(database.directory), files.journal, first);
    this.#commit(true);
    this.#targets.set(database.name, target);
    this.#rewind([target]);
    // Its file may have everything already, and then no commit would tell of it.
    this.#options.applied(this.#progress());
    return target.position;
  }

  /** Commits what the database has coming and closes its file. */
  remove(name: string): Position {
    this.#commit(true);
    const target = this.#targets.get(name);
    if (target === undefined) throw new GemelError('NOT_FOUND', `The database ${name} is not being dejournaled.`);
    this.#targets.delete(name);
    this.#rewind([]);
    target.close();
    return target.position;
  }

  /** Everything before it may be applied. Going back is ignored. */
  raiseGoal(position: Position): void {
    if (isBefore(this.#goal, position)) this.#goal = position;
  }

  /** Commits do not wait for more until every file contains everything before the position; then `done(null)`, or why it will not. */
  drain(position: Position, done: (error: unknown) => void): void {
    // Nothing will settle it any more.
    if (this.#isBroken) return done(this.#brokenBy);
    this.#drains.push({ position, done });
    this.#settleDrains();
  }

  /**
   * Once everything before the position is read, tells what the files do not have of it yet. Commits go on as usual.
   * The goal must be raised to the position, and nothing is ever read beyond it before the answer.
   */
  inherit(position: Position, heir: Heir): void {
    if (this.#isBroken) return heir.failed(this.#brokenBy);
    this.#heirs.push({ position, heir });
    this.#answerHeirs();
  }

  #answerHeirs(): void {
    const targets = [...this.#targets.values()];
    const failure = targets.find((target) => target.failure !== null)?.failure ?? null;
    const ready = this.#heirs.filter(({ position }) => failure !== null || comparePositions(this.position, position) >= 0);
    this.#heirs = this.#heirs.filter((waiting) => !ready.includes(waiting));
    for (const { heir } of ready) {
      if (failure !== null) heir.failed(failure);
      else
        heir.done({ position: this.position, openStart: this.#tracker.oldest, databases: targets.map((target) => target.uncommitted()) });
    }
  }

  #settleDrains(): void {
    const targets = [...this.#targets.values()];
    const failure = targets.find((target) => target.failure !== null)?.failure ?? null;
    const isDone = ({ position }: Drain): boolean =>
      failure !== null || targets.every((target) => comparePositions(target.committed, position) >= 0);
    const done = this.#drains.filter(isDone);
    this.#drains = this.#drains.filter((drain) => !isDone(drain));
    for (const drain of done) drain.done(failure);
  }

  /** Commits what was read and closes all files. */
  close(): void {
    this.#commit(true);
    for (const target of this.#targets.values()) target.close();
    this.#targets.clear();
    this.#reader?.close();
    this.#reader = null;
  }

  /**
   * Does a piece of work.
   * @returns milliseconds after which there is something to do again: 0 at once, null when only a new goal can bring work
   */
  step(): number | null {
    if (this.#isBroken || this.#targets.size === 0) return null;
    const isAtGoal = this.#read(this.#options.clock.monotonicMs() + sliceMs);
    if (this.#isBroken) return null;
    this.#answerHeirs();
    const isDraining = isAtGoal && this.#drains.length > 0;
    if (isDraining || this.#isBatchFull) this.#commit(isDraining);
    if (!isAtGoal) return 0;
    if (this.#isNothingNew) return null;
    const wait = this.#committedAtMs + this.#pauseMs - this.#options.clock.monotonicMs();
    if (wait > 0) return Math.ceil(wait);
    this.#commit(false);
    return null;
  }

  get #pauseMs(): number {
    return this.#gatheredRecords > loadRecords ? Math.max(loadPauseMs, loadPauseFactor * this.intervalMs) : this.intervalMs;
  }

  get #isBatchFull(): boolean {
    if (this.#gatheredRecords < batchRecords && this.#gatheredBytes < batchBytes) return false;
    const { file, offset } = this.position;
    const isFarBehind = this.#goal.file > file || this.#goal.offset - offset > backlogBytes;
    return !isFarBehind || this.#gatheredRecords >= backlogBatchRecords || this.#gatheredBytes >= batchBytes;
  }

  get #isNothingNew(): boolean {
    return comparePositions(this.#committedTo, this.position) === 0;
  }

  /** Reads until the goal, a full batch or the time. @returns whether the goal is reached */
  #read(untilMs: number): boolean {
    const reader = this.#reader;
    if (reader === null) return true;
    try {
      while (!this.#isBatchFull) {
        const block = reader.next(this.#goal);
        if (block === null) return true;
        this.#isTaking = true;
        this.#take(block);
        this.#isTaking = false;
        if (this.#options.clock.monotonicMs() >= untilMs) return false;
      }
      return false;
    } catch (error) {
      this.#isBroken = true;
      this.#commit(true);
      this.#brokenBy = error;
      for (const drain of this.#drains.splice(0)) drain.done(error);
      for (const { heir } of this.#heirs.splice(0)) heir.failed(error);
      this.#options.failed(null, reader.position, error);
      return true;
    }
  }

  #take(block: Block): void {
    if (this.#bindings.moveTo(this.#options.files, block.start)) this.#mapNumbers();
    const record = new RecordCursor(block.bytes);
    for (; record.load(); record.skip()) {
      const { type } = record;
      if (type === recordTypes.set || type === recordTypes.kill) this.#gather(record, block.end);
      else if (type === recordTypes.database) {
        record.verify();
        this.#byNumber[record.database] = this.#targets.get(this.#bindings.learn(record).name) ?? null;
      }
      this.#tracker.see(record, block.start);
    }
    this.#timeMs = block.timeMs;
    this.#totals.journalBytes += block.length;
  }

  #gather(record: RecordCursor, blockEnd: Position): void {
    const target = this.#byNumber[record.database];
    if (target === null) return;
    if (target === undefined) throw notBound(record.database, blockEnd);
    // Behind the database's own position only: after a restart databases stand at different places.
    if (target.failure !== null || comparePositions(blockEnd, target.position) <= 0) return;
    record.verify();
    this.#gatheredBytes += target.gather(record);
    this.#gatheredRecords++;
    this.#totals.records++;
  }

  #mapNumbers(): void {
    this.#byNumber = [];
    for (const [number, identity] of this.#bindings.entries()) this.#byNumber[number] = this.#targets.get(identity.name) ?? null;
  }

  /** Commits every database's share; nothing once a block was taken in part, for the reader stands behind it. @param all also the mere position of databases that nothing happened to */
  #commit(all: boolean): void {
    if (this.#isTaking) return;
    const position = this.position;
    const openStart = this.#tracker.oldest;
    for (const target of this.#targets.values()) {
      if (target.failure !== null || comparePositions(target.position, position) > 0) continue;
      if (!target.hasWork && !(all && !target.isCommittedAt(position)) && !target.lagsBehind(position, idleLagBytes)) {
        target.position = position;
        continue;
      }
      this.#attempt(target, () => {
        this.#totals.walBytes += target.commit(position, openStart);
        this.#totals.commits++;
        this.#committedAtMs = this.#options.clock.monotonicMs();
        if (target.walBytes > walBytesMax) target.checkpoint();
      });
    }
    this.#gatheredRecords = this.#gatheredBytes = 0;
    this.#committedTo = position;
    if (this.#targets.size > 0) this.#options.applied(this.#progress());
    this.#settleDrains();
  }

  /** Copies write-ahead logs into their files: for quiet moments. @returns whether anything was done */
  checkpointIdle(): boolean {
    let isBusy = false;
    for (const target of this.#targets.values()) {
      if (target.walBytes === 0 || target.failure !== null) continue;
      this.#attempt(target, () => target.checkpoint());
      isBusy = true;
    }
    return isBusy;
  }

  #attempt(target: ApplierTarget, act: () => void): void {
    try {
      act();
    } catch (error) {
      target.fail(error);
      this.#options.failed(target.name, target.committed, error);
    }
  }

  #progress(): ApplierProgress {
    const databases = [...this.#targets.values()].map((target) => ({
      name: target.name,
      position: target.failure !== null ? target.committed : target.position,
      safe: target.safe,
      updates: target.updates,
    }));
    const going = [...this.#targets.values()].filter((target) => target.failure === null).map((target) => target.position);
    const position = going.reduce((least, other) => (isBefore(other, least) ? other : least), going[0] ?? this.#committedTo);
    return { position, timeMs: this.#timeMs, databases, totals: { ...this.#totals } };
  }

  /** Starts reading again where the databases, those that come in among them, need it. */
  #rewind(added: readonly ApplierTarget[]): void {
    const places = added.map((target) => target.readFrom);
    if (this.#reader !== null) places.push(this.#tracker.oldest ?? this.position, this.position);
    const from = places.reduce((least, place) => (isBefore(place, least) ? place : least), places[0] ?? this.#committedTo);
    this.#reader?.close();
    this.#reader = new BlockReader(this.#options.files, from);
    if (isBefore(from, this.#committedTo)) this.#committedTo = from;
    this.#tracker.clear();
    this.#bindings.reset();
    this.#byNumber = [];
  }
}
