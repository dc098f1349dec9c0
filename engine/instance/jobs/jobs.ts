import type { InstanceMethods } from '../../api/contract.ts';
import { GemelError } from '../../api/errors.ts';
import type { InstanceJob, JobProgress } from '../../api/jobs.ts';
import { Topic, toWireError, type Handlers } from '../../api/rpc/index.ts';
import type { Clock } from '../../io/clock.ts';
import type { Log } from '../messages.ts';

/** Ended jobs that are remembered. */
const KEPT_MAX = 50;
const STEPS_MAX = 200;
/** Progress that comes together is told together. */
const TELL_MS = 200;

/** What the work of a job can use. */
export interface JobContext {
  /** Aborted when somebody cancels the job, or the instance stops. */
  readonly signal: AbortSignal;
  progress(now: JobProgress): void;
  /** A step of its own: a line of the job and of messages.log. */
  step(text: string): void;
  /** Whether it can be stopped without harm from here on. A job begins as its definition says. */
  setCancellable(cancellable: boolean): void;
}

export interface JobDefinition<R> {
  /** Name of the method that begins it. */
  readonly kind: string;
  readonly title: string;
  readonly cancellable: boolean;
  /** What no two jobs may hold at once, such as `database DATA`. */
  readonly holds: readonly string[];
  /** Throws GemelError; after `signal` is aborted anything it throws counts as cancelled. */
  readonly run: (context: JobContext) => Promise<R>;
}

interface Running {
  readonly holds: readonly string[];
  readonly abort: AbortController;
  readonly ended: Promise<void>;
}

/** The long work of an instance. Jobs end with it: what they have begun must be such that a crash in the middle harms nothing. */
export class Jobs {
  readonly topic = new Topic<InstanceJob[]>();
  readonly #clock: Clock;
  readonly #log: Log;
  /** Newest first. */
  #jobs: InstanceJob[] = [];
  readonly #running = new Map<string, Running>();
  #count = 0;
  #telling: { cancel(): void } | null = null;

  constructor(options: { readonly clock: Clock; readonly log: Log }) {
    this.#clock = options.clock;
    this.#log = options.log;
    this.topic.publish([]);
  }

  list(): InstanceJob[] {
    return structuredClone(this.#jobs);
  }

  /** @returns its id. Throws BUSYLOCK when another job holds what it needs. */
  start<R>(definition: JobDefinition<R>): string {
    for (const [id, { holds }] of this.#running) {
      const shared = holds.find((each) => definition.holds.includes(each));
      if (shared !== undefined)
        throw new GemelError(
          'BUSYLOCK',
          `Another job is at work on the ${shared}: ${this.#find(id).title}.`,
          'Nothing was changed.',
          'Wait until it has ended (gemel job list), or cancel it.',
        );
    }
    const { kind, title, cancellable, holds } = definition;
    this.#count += 1;
    const job: InstanceJob = {
      id: String(this.#count),
      kind,
      title,
      state: 'running',
      startedAt: this.#clock.wallMs(),
      endedAt: null,
      progress: null,
      cancellable,
      steps: [],
      stepCount: 0,
      result: null,
      error: null,
    };
    this.#jobs = [job, ...this.#jobs.filter((each, n) => each.state === 'running' || n < KEPT_MAX)];
    const abort = new AbortController();
    const ended = this.#run(job, definition, abort.signal);
    this.#running.set(job.id, { holds, abort, ended });
    void ended.then(() => this.#running.delete(job.id));
    this.#tell();
    return job.id;
  }

  async #run<R>(job: InstanceJob, { run }: JobDefinition<R>, signal: AbortSignal): Promise<void> {
    const add = (severity: 0 | 2, text: string): void => {
      job.steps.push({ at: this.#clock.wallMs(), text });
      job.stepCount += 1;
      if (job.steps.length > STEPS_MAX) job.steps.shift();
      this.#log(severity, `Job ${job.id} (${job.title}): ${text}`);
      this.#tell();
    };
    const context: JobContext = {
      signal,
      progress: (now) => {
        job.progress = now;
        this.#tell();
      },
      step: (text) => add(0, text),
      setCancellable: (cancellable) => {
        job.cancellable = cancellable;
        this.#tell();
      },
    };
    try {
      // What it throws at once belongs to the job as well.
      await Promise.resolve();
      signal.throwIfAborted();
      job.result = await run(context);
      job.state = 'done';
      add(0, 'Done.');
    } catch (error) {
      job.state = signal.aborted ? 'cancelled' : 'failed';
      const told = toWireError(error, (fault) => this.#log(2, `Job ${job.id} (${job.title}) met an internal error: ${textOf(fault)}`));
      job.error = { code: told.code, what: told.what, safe: told.safe, todo: told.todo };
      add(signal.aborted ? 0 : 2, [job.state === 'cancelled' ? 'Cancelled.' : 'Failed.', told.what, told.safe, told.todo].join(' ').trim());
    }
    job.cancellable = false;
    job.endedAt = this.#clock.wallMs();
    this.#tell();
  }

  /** Resolves with the job when it has ended, or after `waitMs` as it is then. Throws NOT_FOUND. */
  async get(id: string, waitMs: number): Promise<InstanceJob> {
    const job = this.#find(id);
    const running = this.#running.get(job.id);
    if (running !== undefined && waitMs > 0) {
      const late = Promise.withResolvers<void>();
      const timer = this.#clock.timer(waitMs, () => late.resolve());
      await Promise.race([running.ended, late.promise]);
      timer.cancel();
    }
    return structuredClone(job);
  }

  /** Throws NOT_FOUND, REFUSED. */
  cancel(id: string): { message: string } {
    const job = this.#find(id);
    const running = this.#running.get(job.id);
    if (running === undefined)
      throw new GemelError('REFUSED', `Job ${id} (${job.title}) has ended already: ${job.state}.`, 'Nothing was changed.');
    if (!job.cancellable)
      throw new GemelError(
        'REFUSED',
        `Job ${id} (${job.title}) cannot be stopped without harm now.`,
        'It goes on.',
        'Wait until it has ended: gemel job list.',
      );
    running.abort.abort(new GemelError('REFUSED', 'The job was cancelled.', 'What it had not finished is as it was before.'));
    return { message: `Job ${id} (${job.title}) is being cancelled.` };
  }

  /** Cancels what can be and waits for all. */
  async close(): Promise<void> {
    for (const { abort } of this.#running.values())
      abort.abort(new GemelError('NOT_RUNNING', 'The instance is stopping.', 'What the job had not finished is as it was before.'));
    await Promise.all([...this.#running.values()].map(({ ended }) => ended));
    this.#telling?.cancel();
  }

  #find(id: string): InstanceJob {
    const job = this.#jobs.find((each) => each.id === id);
    if (job !== undefined) return job;
    throw new GemelError(
      'NOT_FOUND',
      `There is no job ${id} here.`,
      'Nothing was changed.',
      'See gemel job list; jobs of an earlier run of the instance are in messages.log.',
    );
  }

  #tell(): void {
    this.#telling ??= this.#clock.timer(TELL_MS, () => {
      this.#telling = null;
      this.topic.publish(this.list());
    });
  }
}

function textOf(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}

type JobMethod = 'job.list' | 'job.get' | 'job.cancel';

export function jobHandlers(jobs: Jobs): Pick<Handlers<InstanceMethods>, JobMethod> {
  return {
    'job.list': () => jobs.list(),
    'job.get': ({ job, waitMs }) => jobs.get(job, waitMs),
    'job.cancel': ({ job }) => jobs.cancel(job),
  };
}
