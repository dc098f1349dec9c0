import type { ActionInput, ConsoleClient, JobView, Plan, Problem } from '../../main/contract/index.ts';
import { toProblem } from './problem.ts';

export type ActionPhase = 'closed' | 'planning' | 'confirm' | 'starting' | 'running' | 'problem';

/** One action on its way: planned, confirmed, run as a job that goes on by itself when the panel is closed. */
export class ActionFlow {
  readonly #client: ConsoleClient;
  #action: ActionInput | null = null;
  #unsubscribe: (() => void) | null = null;
  phase: ActionPhase = $state('closed');
  plan: Plan | null = $state.raw(null);
  job: JobView | null = $state.raw(null);
  problem: Problem | null = $state.raw(null);

  constructor(client: ConsoleClient) {
    this.#client = client;
  }

  /** Opens the panel with the plan of `action`. */
  async open(action: ActionInput): Promise<void> {
    this.close();
    this.#action = action;
    this.phase = 'planning';
    await this.#attempt(action, async () => {
      const plan = await this.#client.call('plan', action);
      if (this.#action !== action) return;
      this.plan = plan;
      this.phase = 'confirm';
    });
  }

  /** Asks for the plan again, after a refusal may have passed. */
  async again(): Promise<void> {
    if (this.#action) await this.open(this.#action);
  }

  /** Runs what was planned. Main plans again first and refuses what is not possible any more. */
  async run(): Promise<void> {
    const action = this.#action;
    if (action === null || this.phase !== 'confirm') return;
    this.phase = 'starting';
    await this.#attempt(action, async () => {
      const { job } = await this.#client.call('run', action);
      if (this.#action === action) this.#follow(job);
    });
  }

  async cancelJob(): Promise<void> {
    const { job, phase } = this;
    const action = this.#action;
    if (job === null || action === null || phase !== 'running') return;
    await this.#attempt(action, async () => {
      await this.#client.call('job.cancel', { job: job.id });
    });
  }

  close(): void {
    this.#unsubscribe?.();
    this.#unsubscribe = null;
    this.#action = null;
    this.plan = null;
    this.job = null;
    this.problem = null;
    this.phase = 'closed';
  }

  #follow(job: number): void {
    this.phase = 'running';
    this.#unsubscribe = this.#client.subscribe(
      'job',
      { job },
      (view) => (this.job = view),
      (error) => this.#fail(error),
    );
  }

  async #attempt(action: ActionInput, work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      if (this.#action === action) this.#fail(error);
    }
  }

  #fail(error: unknown): void {
    this.problem = toProblem(error);
    this.phase = 'problem';
  }
}
