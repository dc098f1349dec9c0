import type { AuditEntry, ConsoleClient, Problem } from '../../main/contract/index.ts';
import { toProblem } from './problem.ts';

const PAGE = 100;

/** The audit log: the newest entries live, older ones on demand. Newest first. Ended by `close`. */
export class AuditState {
  readonly #client: ConsoleClient;
  readonly #end: () => void;
  #newest: AuditEntry[] = $state.raw([]);
  #older: AuditEntry[] = $state.raw([]);
  #reachedEnd: boolean = $state(false);
  problem: Problem | null = $state.raw(null);
  readonly entries: AuditEntry[] = $derived(joinEntries(this.#newest, this.#older));
  readonly mayHaveOlder: boolean = $derived(!this.#reachedEnd && this.entries.length >= PAGE);

  constructor(client: ConsoleClient) {
    this.#client = client;
    this.#end = client.subscribe('audit', {}, (entries) => this.#take(entries));
  }

  async loadOlder(): Promise<void> {
    const last = this.entries.at(-1);
    if (last === undefined) return;
    try {
      const page = await this.#client.call('audit.list', { before: last.id, limit: PAGE });
      this.#older = [...this.#older, ...page];
      this.#reachedEnd = page.length < PAGE;
      this.problem = null;
    } catch (error) {
      this.problem = toProblem(error);
    }
  }

  close(): void {
    this.#end();
  }

  /** Entries that slide out of the newest hundred stay on the page. */
  #take(entries: AuditEntry[]): void {
    this.#older = this.#older.length > 0 ? joinEntries(this.#newest, this.#older) : [];
    this.#newest = entries;
  }
}

/** Both lists as one, newest first, each entry once. */
export function joinEntries(newest: readonly AuditEntry[], older: readonly AuditEntry[]): AuditEntry[] {
  const first = newest.at(-1)?.id ?? Infinity;
  return [...newest, ...older.filter((e) => e.id < first)];
}
