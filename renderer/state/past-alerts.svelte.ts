import type { Alert, ConsoleClient, Problem } from '../../main/contract/index.ts';
import { toProblem } from './problem.ts';

const PAGE = 100;

/** Alerts that are over: the newest live, older ones on demand. Newest first. Ended by `close`. */
export class PastAlertsState {
  readonly #client: ConsoleClient;
  readonly #end: () => void;
  #newest: Alert[] = $state.raw([]);
  #older: Alert[] = $state.raw([]);
  #reachedEnd: boolean = $state(false);
  problem: Problem | null = $state.raw(null);
  readonly alerts: Alert[] = $derived(joined(this.#newest, this.#older));
  readonly mayHaveOlder: boolean = $derived(!this.#reachedEnd && this.alerts.length >= PAGE);

  constructor(client: ConsoleClient) {
    this.#client = client;
    this.#end = client.subscribe('pastAlerts', {}, (alerts) => {
      this.#older = joined(this.#newest, this.#older);
      this.#newest = alerts;
    });
  }

  async loadOlder(): Promise<void> {
    const before = this.alerts.at(-1)?.id;
    if (before === undefined) return;
    try {
      const page = await this.#client.call('alerts.past', { before, limit: PAGE });
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
}

/** One that is over late may come with an id between others': by id, each once. */
function joined(newest: readonly Alert[], older: readonly Alert[]): Alert[] {
  const byId = new Map([...older, ...newest].map((alert) => [alert.id, alert]));
  return [...byId.values()].sort((a, b) => b.id - a.id);
}
