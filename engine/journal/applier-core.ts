import { GemelError } from '../api/errors.ts';
import type { PropertyChange } from '../database/properties.ts';
import type { Bytes, Key } from '../globals/bytes.ts';
import { assert } from '../io/assert.ts';
import type { Clock } from '../io/clock.ts';
import type { AppliedDatabase, ApplierProgress } from './applier-messages.ts';
import { ApplierTarget, type TargetWriter } from './applier-target.ts';
import { ApplierWaiting, type Heir } from './applier-waiting.ts';
import { Stand, type Stander } from './applier-stand.ts';
import { Bindings, notBound } from './bindings.ts';
import type { JournalFiles } from './files.ts';
import { FileHolds, type FileHold } from './file-holds.ts';
import { comparePositions, isBefore } from './position.ts';
import { BlockReader, type Block } from './reader.ts';
import { RecordCursor } from './record.ts';
import { TransactionTracker } from './recovery.ts';
import { dataStart, recordTypes, type DatabaseIdentity, type Position } from './types.ts';

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
/** After so long it is looked again whether a reader has let a log be copied into its file. */
const holdAgainMs = 2;
/** Log bytes after which a database's write-ahead log is copied into its file. */
const walBytesMax = 32 * 1024 * 1024;

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
  readonly #waiting = new ApplierWaiting();
  #stand: Stand | null = null;
  readonly #holds = new FileHolds();
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
    this.goOn('another database is fed');
    this.#holds.breakRests();
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
    this.goOn('a database is fed no more');
    this.#holds.breakRests();
    this.#holds.breakFor(name);
    this.#commit(true);
    const target = this.#targets.get(name);
    if (target === undefined) throw new GemelError('NOT_FOUND', `The database ${name} is not being dejournaled.`);
    this.#targets.delete(name);
    this.#rewind([]);
    target.close();
    return target.position;
  }

  /**
   * Stands still at a position, or where it is, for some milliseconds at most. Whatever else needs the databases ends that.
   * @param at not before where reading has got to; null: there
   */
  stand(at: Position | null, ms: number, stander: Stander): void {
    this.goOn('it is to stand anew');
    const position = at ?? this.position;
    this.#stand = new Stand(position, this.#options.clock.monotonicMs() + ms, stander);
    if (isBefore(position, this.position)) this.goOn('it is behind that already');
  }

  goOn(why = 'it was let go'): void {
    this.#stand?.end(why);
    this.#stand = null;
  }

  /**
   * While it stands at `at`: changes nodes of a database that are not as they should be there. In one commit.
   * @throws GemelError TIMEOUT when it stands elsewhere, NOT_FOUND, and what writing throws
   */
  correct(name: string, at: Position, changes: readonly (readonly [key: Key, value: Bytes | null])[]): Position {
    const target = this.#targets.get(name);
    if (target === undefined) throw new GemelError('NOT_FOUND', `The database ${name} is not being dejournaled.`, 'Nothing was changed.');
    if (this.#stand?.reached !== true || !this.#stand.isAt(at) || !target.isCommittedAt(at))
      throw new GemelError('TIMEOUT', 'Dejournaling has gone on meanwhile.', 'Nothing was changed.', 'Try again.');
    for (const [key, value] of changes) target.change(key, value);
    this.#attempt(target, () => target.commit(at, this.#tracker.oldest));
    if (target.failure !== null) throw target.failure;
    return at;
  }

  /** Changes what a database says of itself, durably; also of one that takes no more. Throws NOT_FOUND, and what writing throws. */
  setProperties(name: string, change: PropertyChange): Position {
    const target = this.#targets.get(name);
    if (target === undefined) throw new GemelError('NOT_FOUND', `The database ${name} is not being dejournaled.`, 'Nothing was changed.');
    this.#holds.breakRests();
    target.setProperties(change);
    return target.committed;
  }

  /** Everything before it may be applied. Going back is ignored. */
  raiseGoal(position: Position): void {
    if (isBefore(this.#goal, position)) this.#goal = position;
  }

  /** Commits do not wait for more until every file contains everything before the position; then `done(null)`, or why it will not. */
  drain(position: Position, done: (error: unknown) => void): void {
    // Nothing will settle it any more.
    if (this.#isBroken) return done(this.#brokenBy);
    this.goOn('others wait for it');
    this.#waiting.drain(position, done);
    this.#settleDrains();
  }

  /**
   * Once everything before the position is read, tells what the files do not have of it yet. Commits go on as usual.
   * The goal must be raised to the position, and nothing is ever read beyond it before the answer.
   */
  inherit(position: Position, heir: Heir): void {
    if (this.#isBroken) return heir.failed(this.#brokenBy);
    this.goOn('others wait for it');
    // A takeover waits for no copy, and no maximum size keeps from a database what is durable.
    this.#holds.breakRests();
    for (const target of this.#targets.values()) target.liftLimit();
    this.#waiting.inherit(position, heir);
    this.#answerHeirs();
  }

  /**
   * Brings the databases' files to the position, with all of it in the files themselves; then they stay as they are until `release`:
   * what comes later stays in their logs, or, where the hold `rests`, in the journal.
   */
  hold(hold: FileHold): void {
    if (this.#isBroken) return hold.failed(this.#brokenBy);
    this.raiseGoal(hold.position);
    this.#holds.add(hold);
  }

  /** @returns whether the files have stayed as they were */
  release(id: number): boolean {
    return this.#holds.release(id);
  }

  /** @returns whether some have to be tried again soon */
  #settleHolds(): boolean {
    const due = this.#holds.due(this.position);
    if (due.length === 0) return false;
    this.#commit(true);
    return this.#holds.settle(due, {
      target: (name) => this.#targets.get(name),
      checkpointed: (target) => this.#checkpointed(target),
    });
  }

  #checkpointed(target: ApplierTarget): boolean {
    let complete = false;
    this.#attempt(target, () => {
      complete = target.checkpoint();
    });
    return complete;
  }

  #answerHeirs(): void {
    this.#waiting.answerHeirs(this.position, this.#tracker.oldest, [...this.#targets.values()]);
  }

  #settleDrains(): void {
    this.#waiting.settleDrains([...this.#targets.values()]);
  }

  /** Commits what was read and closes all files. */
  close(): void {
    this.goOn('it ends');
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
    if (this.#isBroken || this.#targets.size === 0 || this.#holds.isResting) {
      this.goOn('nothing is dejournaled');
      return null;
    }
    const isAtGoal = this.#read(this.#options.clock.monotonicMs() + sliceMs);
    if (this.#isBroken) return null;
    const standing = this.#stepStanding();
    if (standing !== null) return standing;
    this.#answerHeirs();
    const isHoldWaiting = this.#settleHolds();
    if (this.#holds.isResting) return null;
    const isDraining = isAtGoal && this.#waiting.hasDrains;
    if (isDraining || this.#isBatchFull) this.#commit(isDraining);
    if (!isAtGoal) return 0;
    if (isHoldWaiting) return holdAgainMs;
    if (this.#isNothingNew) return null;
    const wait = this.#committedAtMs + this.#pauseMs - this.#options.clock.monotonicMs();
    if (wait > 0) return Math.ceil(wait);
    this.#commit(false);
    return null;
  }

  /** @returns milliseconds for which it stands still; null: it does not */
  #stepStanding(): number | null {
    const stand = this.#stand;
    if (stand === null) return null;
    const now = this.#options.clock.monotonicMs();
    if (stand.isOver(now)) {
      this.goOn('the time is over');
      return 0;
    }
    if (stand.isAt(this.position)) {
      if (!stand.reached) {
        this.#commit(true);
        stand.reach();
      }
      return stand.msLeft(now);
    }
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
    const held = this.#holds.limit;
    const limit = held !== null && isBefore(held, this.#goal) ? held : this.#goal;
    try {
      while (!this.#isBatchFull) {
        const block = reader.next(this.#stand?.limit(limit) ?? limit);
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
      this.#waiting.failAll(error);
      this.#holds.failAll(error);
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
        this.#byNumber[record.database] = this.#targetOf(this.#bindings.learn(record));
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
    for (const [number, identity] of this.#bindings.entries()) this.#byNumber[number] = this.#targetOf(identity);
  }

  /** A database that was made anew is another one: its records are not for the copy that missed that, nor the former ones for the new one. */
  #targetOf({ name, guid }: DatabaseIdentity): ApplierTarget | null {
    const target = this.#targets.get(name);
    return target?.guid === guid ? target : null;
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
        if (target.walBytes > walBytesMax && !this.#holds.keeps(target.name)) target.checkpoint();
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
      if (target.walBytes === 0 || target.failure !== null || this.#holds.keeps(target.name)) continue;
      this.#attempt(target, () => target.checkpoint());
      isBusy = true;
    }
    // What is safe now lets go of journal files.
    if (isBusy) this.#options.applied(this.#progress());
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
