import { GemelError } from '../../engine/api/errors.ts';
import type { Action, JobStep, JobView, PlannedStep, Problem } from '../contract/index.ts';
import { toProblem } from './problem.ts';

/** What a running step may do. */
export interface StepContext {
  /** A line of the step's log. */
  log(text: string): void;
  /** How far the step is; null: nothing to tell any more. */
  progress(progress: JobStep['progress']): void;
  /** Whether a cancel would leave nothing half done from here on; a step begins as its definition says. */
  setCancellable(cancellable: boolean): void;
  /** Aborted by a cancel; only looked at by steps that are `cancellable`. */
  readonly signal: AbortSignal;
}

export interface JobStepDefinition extends PlannedStep {
  /** True when stopping in the middle of this step leaves nothing half done. */
  readonly cancellable?: boolean;
  /** Takes the step back when a later one fails. */
  readonly undo?: { readonly text: string; run(context: StepContext): Promise<void> };
  run(context: StepContext): Promise<void>;
}

/** A job before it runs: its steps are known, so that the page can show what is coming. */
export interface JobDefinition {
  readonly action: Action;
  readonly title: string;
  readonly subject: string;
  /** Names of things that no two jobs may work on at once, e.g. `mirror DEMO`. */
  readonly holds: readonly string[];
  readonly steps: readonly JobStepDefinition[];
  /** One sentence for the report. */
  readonly result: string;
}

/** Where reports go. */
interface JobJournal {
  nextId(): number;
  put(job: JobView): void;
  unfinished(): JobView[];
}

interface Running {
  view: JobView;
  readonly holds: readonly string[];
  readonly abort: AbortController;
  readonly finished: Promise<void>;
}

interface Failure {
  readonly state: 'failed' | 'cancelled';
  readonly error: Problem;
}

/**
 * Runs jobs in the background, several at once unless they hold the same thing. Every change is stored before it is
 * told, so a report never claims more than happened.
 */
export class JobRunner {
  readonly #journal: JobJournal;
  readonly #now: () => number;
  readonly #changed: (job: JobView) => void;
  readonly #running = new Map<number, Running>();

  /** @param changed called with every change of a job; reports of jobs that a former console left running come first */
  constructor(journal: JobJournal, now: () => number, changed: (job: JobView) => void) {
    this.#journal = journal;
    this.#now = now;
    this.#changed = changed;
    for (const job of journal.unfinished()) this.#publish(interrupted(job, now()));
  }

  /** @throws GemelError REFUSED while another job works on one of the same things */
  start(definition: JobDefinition): JobView {
    this.#refuseOverlap(definition);
    const id = this.#journal.nextId();
    const view: JobView = {
      id,
      action: definition.action,
      title: definition.title,
      subject: definition.subject,
      state: 'running',
      startedAt: this.#now(),
      endedAt: null,
      steps: definition.steps.map(({ text, command }) => ({
        text,
        command,
        state: 'waiting',
        startedAt: null,
        endedAt: null,
        log: [],
        progress: null,
      })),
      canCancel: definition.steps[0]?.cancellable === true,
      result: null,
      error: null,
    };
    this.#publish(view);
    const finished = Promise.withResolvers<void>();
    const running: Running = { view, holds: definition.holds, abort: new AbortController(), finished: finished.promise };
    this.#running.set(id, running);
    void this.#run(running, definition).finally(finished.resolve);
    return view;
  }

  /** @throws GemelError NOT_FOUND when no such job runs, REFUSED while a cancel would leave something half done */
  cancel(id: number): void {
    const running = this.#running.get(id);
    if (!running) throw new GemelError('NOT_FOUND', `Job ${id} is not running.`, 'Nothing was changed.');
    if (!running.view.canCancel) {
      throw new GemelError(
        'REFUSED',
        'The step under way cannot be cancelled without leaving it half done.',
        'The job goes on.',
        'Wait until it has ended.',
      );
    }
    running.abort.abort();
  }

  /** The title of a job that works on one of these things now. */
  busyWith(holds: readonly string[]): string | undefined {
    return [...this.#running.values()].find((r) => r.holds.some((hold) => holds.includes(hold)))?.view.title;
  }

  /** The newest report of a running job. */
  running(id: number): JobView | undefined {
    return this.#running.get(id)?.view;
  }

  /** Resolves when job `id` has ended; at once when it does not run. */
  async ended(id: number): Promise<void> {
    await this.#running.get(id)?.finished;
  }

  /** The console ends: what still runs is reported as interrupted, and its steps are told to stop. */
  close(): void {
    for (const running of this.#running.values()) {
      running.abort.abort();
      this.#update(running, interrupted(running.view, this.#now()));
    }
    this.#running.clear();
  }

  async #run(running: Running, definition: JobDefinition): Promise<void> {
    for (const [index, step] of definition.steps.entries()) {
      const failure = await this.#step(running, index, step);
      if (failure === undefined) continue;
      await this.#undo(running, definition.steps.slice(0, index));
      this.#end(running, failure);
      return;
    }
    this.#end(running, { state: 'done', result: definition.result });
  }

  /** @returns how the job ends; undefined: the step is done */
  async #step(running: Running, index: number, step: JobStepDefinition): Promise<Failure | undefined> {
    const { signal } = running.abort;
    this.#change(running, index, { state: 'running', startedAt: this.#now() }, { canCancel: step.cancellable === true });
    try {
      await step.run(this.#context(running, index));
      this.#change(running, index, { state: 'done', endedAt: this.#now(), progress: null }, {});
      return undefined;
    } catch (error) {
      this.#change(running, index, { state: 'failed', endedAt: this.#now(), progress: null }, { canCancel: false });
      return signal.aborted ? { state: 'cancelled', error: toProblem(cancelled(step.text)) } : { state: 'failed', error: toProblem(error) };
    }
  }

  /** Takes done steps back, the last one first. One that cannot be taken back stays done, and its log says why. */
  async #undo(running: Running, steps: readonly JobStepDefinition[]): Promise<void> {
    for (const [index, { undo }] of [...steps.entries()].reverse()) {
      if (undo === undefined) continue;
      this.#log(running, index, undo.text);
      try {
        await undo.run(this.#context(running, index));
        this.#change(running, index, { state: 'undone' }, {});
      } catch (error) {
        this.#log(running, index, toProblem(error).what);
      }
    }
  }

  #context(running: Running, index: number): StepContext {
    return {
      signal: running.abort.signal,
      log: (text) => this.#log(running, index, text),
      progress: (progress) => this.#change(running, index, { progress }, {}),
      setCancellable: (canCancel) => this.#change(running, index, {}, { canCancel }),
    };
  }

  #log(running: Running, index: number, text: string): void {
    const log = running.view.steps[index]?.log ?? [];
    this.#change(running, index, { log: [...log, { at: this.#now(), text }] }, {});
  }

  #change(running: Running, index: number, step: Partial<JobStep>, job: Partial<JobView>): void {
    const steps = running.view.steps.map((old, i) => (i === index ? { ...old, ...step } : old));
    this.#update(running, { ...running.view, ...job, steps });
  }

  #end(running: Running, end: Failure | { state: 'done'; result: string; error?: never }): void {
    const steps = running.view.steps.map((s): JobStep => (s.state === 'waiting' ? { ...s, state: 'skipped' } : s));
    const { state, error = null } = end;
    const result = end.state === 'done' ? end.result : null;
    this.#update(running, { ...running.view, steps, state, result, error, endedAt: this.#now(), canCancel: false });
    this.#running.delete(running.view.id);
  }

  #update(running: Running, view: JobView): void {
    // A step that comes back after the console has closed may not touch the report any more.
    if (running.view.state !== 'running') return;
    running.view = view;
    this.#publish(view);
  }

  #publish(view: JobView): void {
    this.#journal.put(view);
    this.#changed(view);
  }

  #refuseOverlap(definition: JobDefinition): void {
    const other = this.busyWith(definition.holds);
    if (other !== undefined) {
      throw new GemelError(
        'REFUSED',
        `“${other}” is still running and works on the same thing.`,
        'Nothing was changed.',
        'Wait until it has ended.',
      );
    }
  }
}

function cancelled(step: string): GemelError {
  return new GemelError('REFUSED', `Cancelled during “${step}”.`, 'The steps before it stay done.', 'Run it again when you like.');
}

function interrupted(job: JobView, at: number): JobView {
  const steps = job.steps.map((s): JobStep => {
    if (s.state === 'waiting') return { ...s, state: 'skipped' };
    return s.state === 'running' ? { ...s, state: 'failed', endedAt: at } : s;
  });
  const error = toProblem(
    new GemelError(
      'INTERNAL',
      'The console ended while this job ran.',
      'The steps marked as done were done.',
      'Look at the state of what it was about, then run it again.',
    ),
  );
  return { ...job, steps, state: 'interrupted', endedAt: at, canCancel: false, error };
}
