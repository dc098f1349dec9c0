import { GemelError } from '../api/errors.ts';
import { assert } from '../io/assert.ts';
import type { Clock } from '../io/clock.ts';
import type {
  AppliedDatabase,
  ApplierCommand,
  ApplierNews,
  ApplierProgress,
  ApplierThreadData,
  HeldFile,
  Inheritance,
  PlainError,
} from './applier-messages.ts';
import { startApplierThread, type ApplierThread, type StartApplierThread } from './applier-start.ts';
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
  /** Where the work is done; left out: in a thread of its own. */
  readonly start?: StartApplierThread;
}

/** A database, or with null the whole journal, that cannot go on. */
export interface ApplierFailure {
  readonly database: string | null;
  /** The file's position: everything from there on is still in the journal. */
  readonly position: Position;
  readonly error: GemelError;
}

type ApplierDone = Extract<ApplierNews, { name: 'done' }>;

interface Asked {
  readonly resolve: (done: ApplierDone) => void;
  readonly reject: (error: GemelError) => void;
}

function asError({ code, what, safe, todo }: PlainError): GemelError {
  return new GemelError(code, what, safe, todo);
}

/**
 * Brings database files up to a journal's durable position, in a thread of its own: checkpoints of a primary, dejournaling of a
 * backup, replay of crash recovery. It reads nothing past the position it was given.
 */
export class Applier {
  readonly #thread: ApplierThread;
  readonly #clock: Clock;
  readonly #appliedListeners = new Listeners<[ApplierProgress]>();
  readonly #failures = new Listeners<[ApplierFailure]>();
  readonly #asked = new Map<number, Asked>();
  #nextId = 1;
  #goal: Position = { file: 0, offset: 0 };
  #toldGoal: Position = { file: 0, offset: 0 };
  #toldAtMs = Number.NEGATIVE_INFINITY;
  #timer: { cancel(): void } | null = null;
  #progress: ApplierProgress | null = null;
  #broken: GemelError | null = null;
  #isClosed = false;

  constructor(options: ApplierOptions) {
    this.#clock = options.clock;
    const workerData: ApplierThreadData = { directory: options.directory, journal: options.journal, intervalMs: intervals[options.role] };
    const start = options.start ?? startApplierThread;
    this.#thread = start(workerData, {
      heard: (news) => this.#heard(news),
      failed: (error) =>
        this.#break(
          new GemelError(
            'INTERNAL',
            `Dejournaling ended by an internal error: ${error.message}.`,
            'The journal has everything that was not applied.',
            'Restart the instance and report the error.',
          ),
        ),
    });
  }

  /** As of the last commit; null before the first. */
  get progress(): ApplierProgress | null {
    return this.#progress;
  }

  /** Not null once the journal could not be read: nothing is applied any more. */
  get broken(): GemelError | null {
    return this.#broken;
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
  add(database: AppliedDatabase): Promise<Position> {
    return this.#place((id) => ({ name: 'add', id, database }));
  }

  /** Commits what the database has coming, closes its file and feeds it no more. @returns the position its file contains */
  remove(database: string): Promise<Position> {
    return this.#place((id) => ({ name: 'remove', id, database }));
  }

  /** Everything before it is durable and synced here: it may be applied. Going back is ignored. Cheap to call for every block. */
  applyTo(position: Position): void {
    if (!isBefore(this.#goal, position)) return;
    this.#goal = position;
    if (this.#timer !== null || this.#isClosed) return;
    const wait = this.#toldAtMs + goalEveryMs - this.#clock.monotonicMs();
    if (wait <= 0) this.#tellGoal();
    else {
      this.#timer = this.#clock.timer(wait, () => {
        this.#timer = null;
        this.#tellGoal();
      });
    }
  }

  setRole(role: keyof typeof intervals): void {
    this.#post({ name: 'interval', intervalMs: intervals[role] });
  }

  /**
   * Resolves when every database contains everything before the position, in its file; commits do not wait for more until then.
   * `applyTo` still has to reach it. Rejects when the journal cannot be read or a database has failed on the way.
   */
  async drained(position: Position): Promise<void> {
    this.#tellGoal();
    await this.#ask((id) => ({ name: 'drain', id, position }));
  }

  /**
   * What the databases' files lack before the position: for who needs it at once and not only when it is committed, which goes
   * on as usual. `applyTo` must have reached the position, and not gone beyond. Rejects as `drained` does.
   */
  async inherit(position: Position): Promise<Inheritance> {
    this.#tellGoal();
    const { inheritance } = await this.#ask((id) => ({ name: 'inherit', id, position }));
    assert(
      inheritance !== undefined && comparePositions(inheritance.position, position) === 0,
      'what is inherited ends where it was asked for',
    );
    return inheritance;
  }

  /**
   * Brings these databases to one position, the one that may be applied now, and all of it into the files themselves, without their
   * logs. Then the files stay as they are until `release`: anybody may copy them. What comes meanwhile goes to the logs, which grow;
   * with `rests` not even that, and it stays in the journal. Rejects when one of them is not fed, or as `drained` does.
   */
  async hold(databases: readonly string[], rests: boolean): Promise<{ readonly hold: number; readonly files: readonly HeldFile[] }> {
    this.#tellGoal();
    let hold = 0;
    const { held } = await this.#ask((id) => {
      hold = id;
      return { name: 'hold', id, databases, rests, position: this.#goal };
    });
    assert(held !== undefined, 'what is held is told');
    return { hold, files: held };
  }

  /** @returns whether the files have stayed as they were all the time; false also when nobody knows of that hold */
  async release(hold: number): Promise<boolean> {
    if (this.#isClosed || this.#broken !== null) return false;
    return (await this.#ask((id) => ({ name: 'release', id, hold }))).isIntact === true;
  }

  /** As `prepareCut`. Of an applier that feeds no database. */
  async prepareCut(request: CutRequest): Promise<PreparedCut> {
    const { prepared } = await this.#ask((id) => ({ name: 'prepare-cut', id, request }));
    assert(prepared !== undefined, 'what was prepared is told');
    return prepared;
  }

  /** As `rewindDatabases`. Of an applier that feeds no database. */
  async rewind(databases: readonly AppliedDatabase[], to: RewindTo): Promise<void> {
    await this.#ask((id) => ({ name: 'rewind', id, databases, to }));
  }

  /** Commits what was read, closes all files and ends the thread. */
  async close(): Promise<void> {
    if (this.#isClosed) return;
    if (this.#broken === null) this.#tellGoal();
    this.#isClosed = true;
    this.#timer?.cancel();
    if (this.#broken === null) await this.#ask((id) => ({ name: 'close', id }));
    else this.#thread.terminate();
    await this.#thread.ended;
  }

  #post(command: ApplierCommand): void {
    this.#thread.post(command);
  }

  #tellGoal(): void {
    if (comparePositions(this.#goal, this.#toldGoal) === 0) return;
    this.#toldGoal = this.#goal;
    this.#toldAtMs = this.#clock.monotonicMs();
    this.#post({ name: 'target', position: this.#goal });
  }

  async #place(command: (id: number) => ApplierCommand): Promise<Position> {
    if (this.#isClosed)
      throw new GemelError('NOT_RUNNING', 'Dejournaling has ended here.', 'The journal has everything that was not applied.', 'Try again.');
    return (await this.#ask(command)).position;
  }

  #ask(command: (id: number) => ApplierCommand): Promise<ApplierDone> {
    return new Promise((resolve, reject) => {
      if (this.#broken !== null) return reject(this.#broken);
      const id = this.#nextId++;
      this.#asked.set(id, { resolve, reject });
      this.#post(command(id));
    });
  }

  #heard(news: ApplierNews): void {
    switch (news.name) {
      case 'applied':
        this.#progress = news.progress;
        return this.#appliedListeners.emit(news.progress);
      case 'failed':
        return this.#failed(news.database, news.position, asError(news.error));
      case 'done': {
        const asked = this.#asked.get(news.id);
        assert(asked !== undefined, 'the applier thread answers only what it was asked');
        this.#asked.delete(news.id);
        if (news.error === null) asked.resolve(news);
        else asked.reject(asError(news.error));
      }
    }
  }

  #failed(database: string | null, position: Position, error: GemelError): void {
    if (database === null) this.#broken = error;
    this.#failures.emit({ database, position, error });
  }

  /** The thread is gone. */
  #break(error: GemelError): void {
    this.#failed(null, this.#progress?.position ?? { file: 0, offset: 0 }, error);
    for (const asked of this.#asked.values()) asked.reject(error);
    this.#asked.clear();
  }
}
