import { describe, expect, it } from 'vitest';
import { GemelError } from '../../engine/api/errors.ts';
import { JobView } from '../contract/index.ts';
import { JobRunner } from './index.ts';
import type { JobDefinition, JobStepDefinition } from './index.ts';

class Memory {
  readonly puts: JobView[] = [];
  readonly left: JobView[];
  constructor(left: JobView[] = []) {
    this.left = left;
  }
  nextId(): number {
    return Math.max(0, ...this.puts.map((j) => j.id)) + 1;
  }
  put(job: JobView): void {
    this.puts.push(JobView.parse(structuredClone(job)));
  }
  unfinished(): JobView[] {
    return this.left;
  }
}

function setUp(memory = new Memory()): { memory: Memory; runner: JobRunner; told: JobView[] } {
  const told: JobView[] = [];
  let at = 0;
  return {
    memory,
    told,
    runner: new JobRunner(
      memory,
      () => ++at,
      (job) => told.push(job),
    ),
  };
}

function definition(steps: JobStepDefinition[], holds = ['mirror M']): JobDefinition {
  return { action: { action: 'createDemoMirror' }, title: 'A job', subject: 'M', holds, steps, result: 'It is done.' };
}

function step(text: string, run: JobStepDefinition['run'], cancellable = false): JobStepDefinition {
  return { text, command: `gemel ${text}`, cancellable, run };
}

describe('a job', () => {
  it('runs its steps in order, with logs, and reports the result', async () => {
    const { memory, runner, told } = setUp();
    const order: string[] = [];
    const { id } = runner.start(
      definition([
        step('one', async ({ log }) => {
          order.push('one');
          log('a line');
        }),
        step('two', async () => void order.push('two')),
      ]),
    );
    await runner.ended(id);
    expect(order).toEqual(['one', 'two']);
    const last = told.at(-1);
    expect(last).toMatchObject({ state: 'done', result: 'It is done.', error: null });
    expect(last?.steps.map((s) => [s.state, s.log.map((l) => l.text)])).toEqual([
      ['done', ['a line']],
      ['done', []],
    ]);
    expect(memory.puts).toEqual(told);
  });

  it('stops at the first failure and says what happened, what is safe and what to do', async () => {
    const { runner, told } = setUp();
    const fail = async (): Promise<void> => {
      throw new GemelError('TIMEOUT', 'It took too long.', 'Nothing is lost.', 'Try again.');
    };
    const { id } = runner.start(definition([step('one', fail), step('two', async () => undefined)]));
    await runner.ended(id);
    expect(told.at(-1)).toMatchObject({
      state: 'failed',
      error: { code: 'TIMEOUT', what: 'It took too long.', safe: 'Nothing is lost.', todo: 'Try again.' },
      steps: [{ state: 'failed' }, { state: 'skipped' }],
    });
  });

  it('is cancelled only in a step that leaves nothing half done', async () => {
    const { runner, told } = setUp();
    const started = Promise.withResolvers<void>();
    const go = Promise.withResolvers<void>();
    const waiting = Promise.withResolvers<void>();
    const { id } = runner.start(
      definition([
        step('change', () => {
          started.resolve();
          return go.promise;
        }),
        step(
          'wait',
          ({ signal }) =>
            new Promise((_, reject) => {
              signal.addEventListener('abort', () => reject(new Error('aborted')));
              waiting.resolve();
            }),
          true,
        ),
      ]),
    );
    await started.promise;
    expect(() => runner.cancel(id)).toThrow(expect.objectContaining({ code: 'REFUSED' }));
    go.resolve();
    await waiting.promise;
    runner.cancel(id);
    await runner.ended(id);
    expect(told.at(-1)).toMatchObject({ state: 'cancelled', steps: [{ state: 'done' }, { state: 'failed' }] });
    expect(() => runner.cancel(id)).toThrow(expect.objectContaining({ code: 'NOT_FOUND' }));
  });

  it('keeps others off what it holds, until it has ended', async () => {
    const { runner } = setUp();
    const go = Promise.withResolvers<void>();
    const { id } = runner.start(definition([step('wait', () => go.promise)], ['mirror M', 'instance A']));
    const other = definition([step('x', async () => undefined)], ['instance A']);
    expect(() => runner.start(other)).toThrow(expect.objectContaining({ code: 'REFUSED' }));
    const elsewhere = runner.start(definition([step('x', async () => undefined)], ['mirror N']));
    go.resolve();
    await runner.ended(id);
    await runner.ended(elsewhere.id);
    await runner.ended(runner.start(other).id);
  });

  it('is reported as interrupted when the console ends, and by the next console when it died', async () => {
    const { runner, told } = setUp();
    const go = Promise.withResolvers<void>();
    const { id } = runner.start(definition([step('one', () => go.promise), step('two', async () => undefined)]));
    const running = runner.running(id);
    if (!running) throw new Error('it does not run');
    runner.close();
    expect(told.at(-1)).toMatchObject({ state: 'interrupted', steps: [{ state: 'failed' }, { state: 'skipped' }] });
    const count = told.length;
    go.resolve();
    await new Promise((resolve) => setImmediate(resolve));
    expect(told).toHaveLength(count);
    expect(setUp(new Memory([running])).told).toMatchObject([{ id, state: 'interrupted' }]);
  });
});
