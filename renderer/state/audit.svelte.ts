import type { AuditEntry, ConsoleClient, Problem } from '../../main/contract/index.ts';
import { toProblem } from './problem.ts';

const PAGE = 100;
const EXPORT_PAGE = 500;

/** The audit log: the newest entries live, older ones on demand, all of them or those with certain words. Newest first. Ended by `close`. */
export class AuditState {
  readonly #client: ConsoleClient;
  readonly #end: () => void;
  #newest: AuditEntry[] = $state.raw([]);
  #older: AuditEntry[] = $state.raw([]);
  #reachedEnd: boolean = $state(false);
  #filter: string = $state('');
  /** Counts the filters, so that the answer to an earlier one is not taken for the newest. */
  #asked = 0;
  problem: Problem | null = $state.raw(null);
  readonly entries: AuditEntry[] = $derived(
    joinEntries(
      this.#newest.filter((entry) => holds(entry, this.#filter)),
      this.#older,
    ),
  );
  readonly mayHaveOlder: boolean = $derived(!this.#reachedEnd && this.entries.length >= PAGE);

  constructor(client: ConsoleClient) {
    this.#client = client;
    this.#end = client.subscribe('audit', {}, (entries) => this.#take(entries));
  }

  get filter(): string {
    return this.#filter;
  }

  /** Only entries that hold each of these words; empty: all. */
  async setFilter(filter: string): Promise<void> {
    const asked = ++this.#asked;
    this.#filter = filter;
    this.#older = [];
    this.#reachedEnd = false;
    if (filter.trim() === '') return;
    await this.#ask(async () => {
      const page = await this.#client.call('audit.list', { filter, limit: PAGE });
      if (asked !== this.#asked) return;
      this.#older = page;
      this.#reachedEnd = page.length < PAGE;
    });
  }

  async loadOlder(): Promise<void> {
    const last = this.entries.at(-1);
    if (last === undefined) return;
    const asked = this.#asked;
    await this.#ask(async () => {
      const page = await this.#client.call('audit.list', { before: last.id, limit: PAGE, ...this.#filtered });
      if (asked !== this.#asked) return;
      this.#older = [...this.#older, ...page];
      this.#reachedEnd = page.length < PAGE;
    });
  }

  /** Every entry that the filter lets through, however old; null: it could not be had. */
  async all(): Promise<AuditEntry[] | null> {
    const entries: AuditEntry[] = [];
    const done = await this.#ask(async () => {
      for (;;) {
        const last = entries.at(-1);
        const before = last === undefined ? {} : { before: last.id };
        const page = await this.#client.call('audit.list', { ...before, limit: EXPORT_PAGE, ...this.#filtered });
        entries.push(...page);
        if (page.length < EXPORT_PAGE) return;
      }
    });
    return done ? entries : null;
  }

  close(): void {
    this.#end();
  }

  get #filtered(): { filter?: string } {
    return this.#filter.trim() === '' ? {} : { filter: this.#filter };
  }

  async #ask(act: () => Promise<void>): Promise<boolean> {
    try {
      await act();
      this.problem = null;
      return true;
    } catch (error) {
      this.problem = toProblem(error);
      return false;
    }
  }

  /** Entries that slide out of the newest hundred stay on the page. */
  #take(entries: AuditEntry[]): void {
    const known = this.#newest.filter((entry) => holds(entry, this.#filter));
    this.#older = this.#older.length > 0 ? joinEntries(known, this.#older) : [];
    this.#newest = entries;
  }
}

/** Both lists as one, newest first, each entry once. */
export function joinEntries(newest: readonly AuditEntry[], older: readonly AuditEntry[]): AuditEntry[] {
  const first = newest.at(-1)?.id ?? Infinity;
  return [...newest, ...older.filter((e) => e.id < first)];
}

/** As the store filters: each word somewhere, in any case. */
function holds({ who, what, subject, outcome, detail }: AuditEntry, filter: string): boolean {
  const text = [who, what, subject, outcome, detail].join(' ').toLowerCase();
  return filter
    .toLowerCase()
    .split(/\s+/)
    .every((word) => text.includes(word));
}
