import { describe, expect, it } from 'vitest';
import { GemelError } from '../../engine/api/errors.ts';
import type { InstanceJob } from '../../engine/api/jobs.ts';
import type { Host } from '../hosts/index.ts';
import type { StepContext } from '../jobs/index.ts';
import { engineJobStep } from './engine-job.ts';

const running: InstanceJob = {
  id: '4',
  kind: 'db.backup',
  title: 'backup',
  state: 'running',
  startedAt: 0,
  endedAt: null,
  progress: null,
  cancellable: true,
  steps: [],
  stepCount: 0,
  result: null,
  error: null,
};
const line = (text: string): InstanceJob['steps'][number] => ({ at: 0, text });

interface Told {
  readonly log: string[];
  readonly progress: unknown[];
  readonly cancellable: boolean[];
}

/** A host whose instance answers each question for the job with the next of these; the rest of it is not asked. */
function hostThat(answers: (InstanceJob | GemelError)[], asked: string[] = []): Host {
  const callInstance = (_name: string, method: string): Promise<unknown> => {
    asked.push(method);
    if (method === 'job.cancel') return Promise.resolve({ message: '' });
    const [next] = answers.length > 1 ? answers.splice(0, 1) : answers;
    return next instanceof GemelError ? Promise.reject(next) : Promise.resolve(next);
  };
  return { callInstance } as unknown as Host;
}

function stepContext(signal = new AbortController().signal): StepContext & { told: Told } {
  const told: Told = { log: [], progress: [], cancellable: [] };
  return {
    told,
    signal,
    log: (text) => told.log.push(text),
    progress: (progress) => told.progress.push(progress),
    setCancellable: (cancellable) => told.cancellable.push(cancellable),
  };
}

function stepOn(host: Host, tell?: (result: unknown) => void) {
  const begin = (): Promise<{ job: string }> => Promise.resolve({ job: '4' });
  return engineJobStep({ host, instance: 'A', text: 'Back up', command: null, begin, ...(tell === undefined ? {} : { tell }) });
}

describe('a job of an instance as a step', () => {
  it('tells each line once, the progress, and what came of it', async () => {
    const progress = { done: 5, total: 10, unit: 'bytes' as const, text: 'Copying' };
    const context = stepContext();
    await stepOn(
      hostThat([
        { ...running, steps: [line('one')], stepCount: 1, progress },
        { ...running, steps: [line('one'), line('two')], stepCount: 2, cancellable: false },
        { ...running, state: 'done', steps: [line('one'), line('two'), line('Done.')], stepCount: 3, result: { message: 'It is there.' } },
      ]),
    ).run(context);
    expect(context.told).toEqual({ log: ['one', 'two', 'It is there.'], progress: [progress, null], cancellable: [false] });
  });

  it('tells the newest lines where older ones are forgotten', async () => {
    const context = stepContext();
    await stepOn(
      hostThat([
        { ...running, steps: [line('201'), line('202')], stepCount: 202 },
        { ...running, state: 'done', steps: [line('203'), line('Done.')], stepCount: 204 },
      ]),
    ).run(context);
    expect(context.told.log).toEqual(['201', '202', '203']);
  });

  it('fails with what the job failed with', async () => {
    const error = { code: 'REFUSED', what: 'No.', safe: 'Nothing was changed.', todo: 'Wait.' };
    await expect(stepOn(hostThat([{ ...running, state: 'failed', error }])).run(stepContext())).rejects.toMatchObject(error);
  });

  it('says so when the instance is gone', async () => {
    const gone = stepOn(hostThat([running, new GemelError('UNREACHABLE', 'Closed.')])).run(stepContext());
    await expect(gone).rejects.toMatchObject({ code: 'NOT_RUNNING' });
  });

  it('is cancelled in the instance', async () => {
    const abort = new AbortController();
    const asked: string[] = [];
    const cancelled = {
      ...running,
      state: 'cancelled' as const,
      error: { code: 'REFUSED', what: 'It was cancelled.', safe: '', todo: '' },
    };
    const context = stepContext(abort.signal);
    const answers: InstanceJob[] = [running, cancelled];
    const step = stepOn(hostThat(answers, asked));
    const run = step.run({ ...context, progress: () => abort.abort() });
    await expect(run).rejects.toMatchObject({ what: 'It was cancelled.' });
    expect(asked).toContain('job.cancel');
  });
});
