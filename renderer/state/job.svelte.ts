import type { ConsoleClient, JobView, Problem } from '../../main/contract/index.ts';
import { toProblem } from './problem.ts';

/** One job, followed while its page is open. Ended by `close`. */
export class JobState {
  readonly #client: ConsoleClient;
  readonly #id: number;
  readonly #end: () => void;
  job: JobView | null = $state.raw(null);
  problem: Problem | null = $state.raw(null);

  constructor(client: ConsoleClient, id: number) {
    this.#client = client;
    this.#id = id;
    this.#end = client.subscribe(
      'job',
      { job: id },
      (job) => (this.job = job),
      (error) => (this.problem = toProblem(error)),
    );
  }

  async cancel(): Promise<void> {
    try {
      await this.#client.call('job.cancel', { job: this.#id });
      this.problem = null;
    } catch (error) {
      this.problem = toProblem(error);
    }
  }

  close(): void {
    this.#end();
  }
}
