import { GemelError } from '../../engine/api/errors.ts';
import { prepare } from '../actions/index.ts';
import type { ActionContext } from '../actions/index.ts';
import type { Action, AuditEntry, JobView, Plan } from '../contract/index.ts';
import { JobRunner } from '../jobs/index.ts';

export interface OperatorOptions {
  readonly context: ActionContext;
  /** User of the operating system, for the audit log. */
  readonly who: string;
  now(): number;
  changed(kind: 'jobs' | 'audit'): void;
  /** A job has begun or ended. */
  told(job: JobView): void;
}

/** Plans and runs actions, and writes down who did what. */
export class Operator {
  readonly #options: OperatorOptions;
  readonly #jobs: JobRunner;

  constructor(options: OperatorOptions) {
    this.#options = options;
    this.#jobs = new JobRunner(
      options.context.store.jobs,
      () => options.now(),
      (job) => this.#jobChanged(job),
    );
  }

  /** What `action` would do now; busy things count as a refusal. Changes nothing. */
  async plan(action: Action): Promise<Plan> {
    const { plan, job } = await prepare(action, this.#options.context);
    const busy = this.#jobs.busyWith(job.holds);
    if (busy === undefined) return plan;
    return {
      ...plan,
      refusals: [{ reason: `“${busy}” is still running and works on the same thing.`, todo: 'Wait until it has ended.' }, ...plan.refusals],
    };
  }

  /** @throws GemelError REFUSED with the first refusal */
  async run(action: Action): Promise<{ job: number }> {
    const { plan, job } = await prepare(action, this.#options.context);
    const [refusal] = plan.refusals;
    if (refusal) {
      this.record(plan.title, plan.subject, 'refused', refusal.reason);
      throw new GemelError('REFUSED', refusal.reason, 'Nothing was changed.', refusal.todo);
    }
    return { job: this.#jobs.start(job).id };
  }

  /** @throws GemelError NOT_FOUND */
  job(id: number): JobView {
    const job = this.#jobs.running(id) ?? this.#options.context.store.jobs.get(id);
    if (!job)
      throw new GemelError('NOT_FOUND', `There is no report of job ${id}.`, '', 'Old reports are removed: the newest 500 are kept.');
    return job;
  }

  cancel(id: number): void {
    this.#jobs.cancel(id);
  }

  get who(): string {
    return this.#options.who;
  }

  record(what: string, subject: string, outcome: AuditEntry['outcome'], detail: string): void {
    const { context, who, now, changed } = this.#options;
    context.store.audit.add({ at: now(), who, what, subject, outcome, detail });
    changed('audit');
  }

  close(): void {
    this.#jobs.close();
  }

  #jobChanged(job: JobView): void {
    if (isNew(job) || job.endedAt !== null) this.#options.told(job);
    if (isNew(job)) this.record(job.title, job.subject, 'started', `Job ${job.id}`);
    else if (job.endedAt !== null)
      this.record(job.title, job.subject, outcomeOf(job), `Job ${job.id}. ${job.result ?? job.error?.what ?? ''}`);
    this.#options.changed('jobs');
  }
}

function isNew(job: JobView): boolean {
  return job.state === 'running' && job.steps.every((step) => step.state === 'waiting');
}

function outcomeOf(job: JobView): AuditEntry['outcome'] {
  if (job.state === 'done') return 'done';
  return job.state === 'cancelled' ? 'cancelled' : 'failed';
}
