import type { ConsoleClient, Explanation, Problem } from '../../main/contract/index.ts';
import { toProblem } from './problem.ts';

/** The explanation of one takeover, asked for once: what is in the logs does not change. */
export class ExplainState {
  readonly #client: ConsoleClient;
  readonly #question: { readonly mirror: string; readonly at: number };
  explanation: Explanation | null = $state.raw(null);
  problem: Problem | null = $state.raw(null);

  constructor(client: ConsoleClient, mirror: string, at: number) {
    this.#client = client;
    this.#question = { mirror, at };
    void this.load();
  }

  async load(): Promise<void> {
    this.problem = null;
    try {
      this.explanation = await this.#client.call('explain', this.#question);
    } catch (error) {
      this.problem = toProblem(error);
    }
  }
}
