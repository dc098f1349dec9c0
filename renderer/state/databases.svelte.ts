import { SvelteSet } from 'svelte/reactivity';
import type { ConsoleClient, DatabaseMatrix } from '../../main/contract/index.ts';
import { rowsWith, type DatabaseRow } from './databases.ts';

/** The databases of one mirror: what is shown of them, and which are chosen. Ended by `close`. */
export class DatabasesState {
  readonly #end: () => void;
  /** undefined: nothing received yet; null: no mirror of that name is known. */
  matrix: DatabaseMatrix | null | undefined = $state.raw(undefined);
  filter = $state('');
  /** Name of the member that is worked on; null: each that needs it. */
  member: string | null = $state(null);
  /** Name of the database whose details are shown. */
  open: string | null = $state(null);
  readonly #chosen = new SvelteSet<string>();
  readonly rows: readonly DatabaseRow[] = $derived.by(() => (this.matrix ? rowsWith(this.matrix, this.filter) : []));
  /** Those that there are still, in the order of the matrix. */
  readonly chosen: readonly string[] = $derived.by(() =>
    (this.matrix?.rows ?? []).map(({ database }) => database).filter((name) => this.#chosen.has(name)),
  );

  constructor(client: ConsoleClient, mirror: string) {
    this.#end = client.subscribe('databases', { mirror }, (matrix) => (this.matrix = matrix));
  }

  isChosen(database: string): boolean {
    return this.#chosen.has(database);
  }

  choose(database: string, isChosen: boolean): void {
    if (isChosen) this.#chosen.add(database);
    else this.#chosen.delete(database);
  }

  chooseShown(): void {
    for (const { database } of this.rows) this.#chosen.add(database);
  }

  chooseNone(): void {
    this.#chosen.clear();
  }

  close(): void {
    this.#end();
  }
}
