import { GemelError } from '../../api/errors.ts';
import type { Io } from '../../io/index.ts';
import type { JournalUpdate } from '../../journal/index.ts';
import { GuardedThread, type HookIdentity } from '../hooks/index.ts';
import type { FilterQuestion, FilterStart, FromFilter } from './messages.ts';

/** Longest time for the answer about a piece of some hundred updates. */
const ASK_MS = 10_000;
const LOAD_MS = 10_000;
const LOGGED_MAX = 2000;

/** Says which of the updates that come in the mirror's journal are left out. */
export interface UpdateFilter {
  /**
   * @param readWrite names of the databases whose updates the answer counts for
   * @returns indexes of those that are not to be applied. Rejects with GemelError when it cannot say.
   */
  ask(updates: readonly JournalUpdate[], readWrite: readonly string[]): Promise<ReadonlySet<number>>;
}

/** What it has cost since it was loaded. */
interface FilterFigures {
  /** Updates that it was asked about. */
  readonly records: number;
  readonly refused: number;
  /** For which dejournaling has waited for it. */
  readonly ms: number;
}

export interface FilterOptions {
  readonly file: string;
  readonly identity: HookIdentity;
  readonly io: Pick<Io, 'clock'>;
  readonly log: (severity: 0 | 1 | 2 | 3, text: string) => void;
  readonly askMs?: number;
  readonly loadMs?: number;
}

interface Asked {
  readonly sinceMs: number;
  readonly count: number;
  readonly resolve: (refused: ReadonlySet<number>) => void;
  readonly reject: (error: GemelError) => void;
}

/** An administrator's dejournal filter, in a thread of its own. Once it has failed it says nothing more; load it anew. */
export class DejournalFilter implements UpdateFilter {
  readonly file: string;
  readonly #options: FilterOptions;
  readonly #thread: GuardedThread<FromFilter, FilterQuestion>;
  readonly #loaded = Promise.withResolvers<void>();
  #broken: GemelError | null = null;
  readonly #asked = new Map<number, Asked>();
  #figures: FilterFigures = { records: 0, refused: 0, ms: 0 };
  #nextId = 1;

  private constructor(options: FilterOptions) {
    const { file, identity, io, loadMs = LOAD_MS } = options;
    this.file = file;
    this.#options = options;
    this.#thread = new GuardedThread({
      url: new URL('./filter-thread.ts', import.meta.url),
      workerData: { file, identity } satisfies FilterStart,
      clock: io.clock,
      heard: (message) => this.#heard(message),
      failed: (how) => this.#failed(how),
    });
    this.#thread.limit(loadMs);
  }

  /** Rejects with REFUSED when the file cannot be loaded, or has no such class. */
  static async open(options: FilterOptions): Promise<DejournalFilter> {
    const filter = new DejournalFilter(options);
    await filter.#loaded.promise;
    return filter;
  }

  get figures(): FilterFigures {
    return this.#figures;
  }

  ask(updates: readonly JournalUpdate[], readWrite: readonly string[]): Promise<ReadonlySet<number>> {
    if (this.#broken !== null) return Promise.reject(this.#broken);
    const id = this.#nextId++;
    const sinceMs = this.#options.io.clock.monotonicMs();
    this.#thread.post({ id, updates, readWrite });
    this.#thread.limit(this.#options.askMs ?? ASK_MS);
    return new Promise((resolve, reject) => this.#asked.set(id, { sinceMs, count: updates.length, resolve, reject }));
  }

  /** Who waits for an answer is told that there is none. */
  close(): void {
    this.#thread.end();
    this.#failed('was ended.');
  }

  #heard(message: FromFilter): void {
    switch (message.t) {
      case 'loaded':
        this.#thread.limit(null);
        return this.#loaded.resolve();
      case 'log':
        return this.#options.log(0, `[HOOK] DejournalFilter: ${message.text.slice(0, LOGGED_MAX)}`);
      case 'answer':
        return this.#answered(message.id, message.refused);
      case 'failed':
        this.#thread.end();
        return this.#failed(message.text.slice(0, LOGGED_MAX));
    }
  }

  #answered(id: number, refused: readonly number[]): void {
    const asked = this.#asked.get(id);
    if (asked === undefined) return;
    this.#asked.delete(id);
    if (this.#asked.size === 0) this.#thread.limit(null);
    const { records, refused: before, ms } = this.#figures;
    this.#figures = {
      records: records + asked.count,
      refused: before + refused.length,
      ms: ms + (this.#options.io.clock.monotonicMs() - asked.sinceMs),
    };
    asked.resolve(new Set(refused));
  }

  #failed(how: string): void {
    this.#broken ??= new GemelError(
      'REFUSED',
      `The dejournal filter ${this.file} ${how}`,
      'What it did not answer for was not applied, and is in the journal.',
      'Mend the file and set it again, or clear it: gemel mirror filter.',
    );
    this.#loaded.reject(this.#broken);
    for (const asked of this.#asked.values()) asked.reject(this.#broken);
    this.#asked.clear();
  }
}
