import { GemelError } from '../../engine/api/errors.ts';
import type { InstanceJob } from '../../engine/api/jobs.ts';
import { fromWireError } from '../../engine/api/rpc/index.ts';
import type { Host } from '../hosts/index.ts';
import type { JobStepDefinition, StepContext } from '../jobs/index.ts';

/** How often the progress of a job is asked for. */
const ASK_MS = 500;
const ANSWER_MS = 30_000;

interface EngineJob {
  readonly host: Host;
  /** Name of the instance whose job it is. */
  readonly instance: string;
  readonly text: string;
  readonly command: string | null;
  /** Calls the method that begins the job. */
  begin(): Promise<{ job: string }>;
  /** Of a job that is done: says in the log what its result is. Throws where the result is a failure. Left out: the result is `{ message }`. */
  tell?(result: unknown, step: StepContext): void;
  readonly undo?: JobStepDefinition['undo'];
}

/**
 * A step that is a job of an instance: its lines and its progress are the step's, its error is the step's error. A cancel of the console's
 * job cancels it wherever the instance says that it can be cancelled.
 */
export function engineJobStep({ host, instance, text, command, begin, tell = tellMessage, undo }: EngineJob): JobStepDefinition {
  const run = async (step: StepContext): Promise<void> => {
    if (step.signal.aborted) throw new GemelError('REFUSED', 'Cancelled.');
    const { job } = await begin();
    const ended = await follow({ host, instance, job }, step);
    if (ended.error !== null) throw fromWireError(ended.error);
    tell(ended.result, step);
  };
  return { text, command, cancellable: true, run, ...(undo === undefined ? {} : { undo }) };
}

interface Followed {
  readonly host: Host;
  readonly instance: string;
  readonly job: string;
}

async function follow(followed: Followed, step: StepContext): Promise<InstanceJob> {
  const { host, instance, job } = followed;
  const cancel = (): void => void cancelJob(followed, step);
  step.signal.addEventListener('abort', cancel);
  let told = 0;
  let canCancel = true;
  try {
    for (;;) {
      const now = await host.callInstance(instance, 'job.get', { job, waitMs: ASK_MS }, ANSWER_MS);
      told = tellSteps(now, told, step);
      if (now.state !== 'running') return now;
      step.progress(now.progress);
      if (now.cancellable !== canCancel) step.setCancellable((canCancel = now.cancellable));
    }
  } catch (error) {
    throw isGone(error) ? goneWith(instance) : error;
  } finally {
    step.signal.removeEventListener('abort', cancel);
  }
}

/** The last line says how it ended, which the result or the error does. @returns how many lines are told by now */
function tellSteps({ state, steps, stepCount }: InstanceJob, told: number, step: StepContext): number {
  const news = stepCount > told ? steps.slice(told - stepCount) : [];
  for (const { text } of state === 'running' ? news : news.slice(0, -1)) step.log(text);
  return stepCount;
}

async function cancelJob({ host, instance, job }: Followed, step: StepContext): Promise<void> {
  try {
    await host.callInstance(instance, 'job.cancel', { job });
  } catch (error) {
    step.log(error instanceof GemelError ? error.what : String(error));
  }
}

function tellMessage(result: unknown, { log }: StepContext): void {
  if (typeof result === 'object' && result !== null && 'message' in result && typeof result.message === 'string') log(result.message);
}

function isGone(error: unknown): boolean {
  return error instanceof GemelError && (error.code === 'UNREACHABLE' || error.code === 'NOT_RUNNING');
}

function goneWith(instance: string): GemelError {
  return new GemelError(
    'NOT_RUNNING',
    `${instance} ended, or cannot be reached, before its job had come to its end.`,
    'What the job had not finished is as it was before.',
    'See its messages.log; gemel job list shows the job if the instance still runs.',
  );
}
