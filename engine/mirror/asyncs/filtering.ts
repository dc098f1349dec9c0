import { GemelError } from '../../api/errors.ts';
import type { ConditionCode, Facts } from '../../api/conditions.ts';
import type { FilterView } from '../../api/dejournaling.ts';
import type { Io } from '../../io/index.ts';
import { DejournalFilter } from '../filter/index.ts';
import type { HookIdentity } from '../hooks/index.ts';
import type { AsyncHost } from './async-host.ts';

export interface FilteringOptions {
  readonly io: Pick<Io, 'clock'>;
  readonly host: Pick<AsyncHost, 'log' | 'useFilter' | 'changed'>;
  readonly identity: () => HookIdentity;
  /** The file that is set; null: none. */
  readonly file: string | null;
  /** Makes a setting durable. */
  readonly save: (file: string | null) => void;
  readonly note: (code: ConditionCode, text: string, facts: Facts) => void;
  /** Dejournaling may go on again. */
  readonly mended: () => void;
}

/** The dejournal filter of a reporting member: as an operator has set it, loaded, and whether it stops dejournaling. */
export class Filtering {
  file: string | null;
  readonly #options: FilteringOptions;
  #filter: DejournalFilter | null = null;
  #failure: string | null = null;
  /** Grows with each change: what was begun before it counts no more. */
  #change = 0;

  constructor(options: FilteringOptions) {
    this.#options = options;
    this.file = options.file;
  }

  /** A filter is set and cannot be asked: it is being loaded, or has failed. */
  get stops(): boolean {
    return this.file !== null && this.#filter === null;
  }

  /** Loads what is set, anew. Never rejects: what fails stops dejournaling. */
  async load(): Promise<void> {
    const { file } = this;
    if (file === null) return;
    const change = this.#let(null);
    try {
      const filter = await this.#open(file);
      if (change !== this.#change) return filter.close();
      this.#let(filter);
      this.#options.mended();
    } catch (error) {
      if (!(error instanceof GemelError)) throw error;
      if (change === this.#change) this.failed(error);
    }
  }

  /** Counts from the next update on. Throws REFUSED when the file cannot be loaded: then nothing has changed. */
  async set(file: string): Promise<void> {
    const filter = await this.#open(file);
    this.#save(file);
    this.#let(filter);
    this.#options.note('FILTER_SET', `The dejournal filter ${file} is set on this member.`, { file });
    this.#options.mended();
  }

  clear(): void {
    const { file } = this;
    if (file === null) throw new GemelError('REFUSED', 'No dejournal filter is set on this member.', 'Nothing was changed.');
    this.#save(null);
    this.#let(null);
    this.#options.note('FILTER_CLEARED', `The dejournal filter ${file} is cleared: every update is applied again.`, { file });
    this.#options.mended();
  }

  /** It has no answer: nothing goes on without one. */
  failed(error: GemelError): void {
    this.#let(null);
    this.#failure = error.what;
    this.#options.note('FILTER_FAILED', error.what, { file: this.file ?? '', why: error.what });
    this.#options.host.changed();
  }

  view(): FilterView {
    const { records, refused, ms } = this.#filter?.figures ?? { records: 0, refused: 0, ms: 0 };
    const usPerRecord = records === 0 ? null : Math.round((ms * 10_000) / records) / 10;
    return { file: this.file, failed: this.#failure, records, refused, usPerRecord };
  }

  close(): void {
    this.#let(null);
  }

  #open(file: string): Promise<DejournalFilter> {
    const { io, host, identity } = this.#options;
    return DejournalFilter.open({ file, identity: identity(), io, log: (severity, text) => host.log(severity, text) });
  }

  #save(file: string | null): void {
    this.#options.save(file);
    this.file = file;
  }

  #let(filter: DejournalFilter | null): number {
    this.#filter?.close();
    this.#filter = filter;
    this.#failure = null;
    this.#options.host.useFilter(filter ?? (this.file === null ? null : 'awaited'));
    this.#change += 1;
    return this.#change;
  }
}
