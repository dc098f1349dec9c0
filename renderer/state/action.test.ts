import { describe, expect, it } from 'vitest';
import { GemelError } from '../../engine/api/errors.ts';
import type { ActionInput, JobView, Plan } from '../../main/contract/index.ts';
import { ActionFlow } from './action.svelte.ts';
import { settle, TestClient } from './testing.ts';

const action: ActionInput = { action: 'switchOver', mirror: 'DEMO' };
const plan: Plan = {
  action: { action: 'switchOver', mirror: 'DEMO' },
  title: 'Switch over',
  subject: 'DEMO',
  consequences: [],
  checks: [],
  steps: [],
  refusals: [],
  danger: true,
  confirmWord: null,
};
const job: JobView = {
  id: 7,
  action: plan.action,
  title: 'Switch over',
  subject: 'DEMO',
  state: 'running',
  startedAt: 0,
  endedAt: null,
  steps: [],
  canCancel: false,
  result: null,
  error: null,
};

describe('an action on its way', () => {
  it('is planned, confirmed, and followed as a job', async () => {
    const client = new TestClient({ plan: () => plan, run: () => ({ job: 7 }) });
    const flow = new ActionFlow(client);
    const opened = flow.open(action);
    expect(flow.phase).toBe('planning');
    await opened;
    expect([flow.phase, flow.plan?.title]).toEqual(['confirm', 'Switch over']);
    await flow.run();
    expect(flow.phase).toBe('running');
    client.push('job', job);
    expect(flow.job?.state).toBe('running');
    client.push('job', { ...job, state: 'done' });
    expect(flow.job?.state).toBe('done');
    flow.close();
    expect([flow.phase, flow.job, client.open]).toEqual(['closed', null, 0]);
  });

  it('runs once, however often the button is pressed', async () => {
    const client = new TestClient({ plan: () => plan, run: () => ({ job: 7 }) });
    const flow = new ActionFlow(client);
    await flow.open(action);
    await Promise.all([flow.run(), flow.run()]);
    expect(client.called.filter((c) => c.name === 'run')).toHaveLength(1);
  });

  it('shows what was refused in the meantime', async () => {
    const client = new TestClient({
      plan: () => plan,
      run: () => {
        throw new GemelError('REFUSED', 'DEMO_B is not active.', 'Nothing was changed.', 'Wait until it is.');
      },
    });
    const flow = new ActionFlow(client);
    await flow.open(action);
    await flow.run();
    expect(flow.phase).toBe('problem');
    expect(flow.problem).toEqual({
      code: 'REFUSED',
      what: 'DEMO_B is not active.',
      safe: 'Nothing was changed.',
      todo: 'Wait until it is.',
    });
  });

  it('forgets a plan that arrives after the panel was closed or opened for something else', async () => {
    const waiting: ((p: Plan) => void)[] = [];
    const client = new TestClient({ plan: () => new Promise<Plan>((resolve) => waiting.push(resolve)) });
    const flow = new ActionFlow(client);
    void flow.open(action);
    void flow.open({ action: 'createDemoMirror' });
    await settle();
    waiting[0]?.(plan);
    await settle();
    expect([flow.phase, flow.plan]).toEqual(['planning', null]);
    flow.close();
    waiting[1]?.(plan);
    await settle();
    expect([flow.phase, flow.plan]).toEqual(['closed', null]);
  });

  it('does not follow a job whose start was answered after the panel was closed', async () => {
    let start: (r: { job: number }) => void = () => undefined;
    const client = new TestClient({ plan: () => plan, run: () => new Promise((resolve) => (start = resolve)) });
    const flow = new ActionFlow(client);
    await flow.open(action);
    const running = flow.run();
    await settle();
    flow.close();
    start({ job: 7 });
    await running;
    expect([flow.phase, client.open]).toEqual(['closed', 0]);
  });
});
