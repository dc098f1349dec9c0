import { describe, expect, it } from 'vitest';
import type { Form, FormValues, Plan } from '../../main/contract/index.ts';
import { settle, TestClient } from './testing.ts';
import { WizardState } from './wizard.svelte.ts';

const action = { action: 'setNoFailover', mirror: 'DEMO' } as const;
const plan: Plan = {
  action,
  title: 'Set no failover',
  subject: 'DEMO',
  consequences: [],
  checks: [],
  steps: [],
  refusals: [],
  danger: false,
  confirmWord: null,
};

function formWith(name: string): Form {
  const problem = name === '' ? 'This is needed.' : null;
  const field = {
    kind: 'text',
    name: 'name',
    label: 'Name',
    help: '',
    problem,
    value: name,
    placeholder: '',
    input: 'text',
    unit: '',
    required: true,
  } as const;
  return {
    form: 'createMirror',
    title: 'Create a mirror',
    intro: '',
    groups: [{ title: '', hint: '', advanced: false, fields: [field] }],
    notes: [],
    action: problem === null ? action : null,
  };
}

function wizard(draft = ''): { client: TestClient; state: WizardState } {
  const client = new TestClient({
    form: ({ values }: { values?: FormValues }) => formWith(String(values?.['name'] ?? draft)),
    'form.forget': () => ({}),
    plan: () => plan,
    run: () => ({ job: 3 }),
  });
  return { client, state: new WizardState(client, 'createMirror', {}) };
}

describe('a wizard', () => {
  it('says what is wrong with a field only once it was touched, or when one wants to go on', async () => {
    const { state } = wizard();
    await settle();
    const field = state.form?.groups[0]?.fields[0];
    if (field === undefined) throw new Error('no field');
    expect(state.wrong(field)).toBeNull();
    expect(await state.next()).toBe('name');
    expect(state.wrong(field)).toBe('This is needed.');
    expect(state.step).toBe('settings');
  });

  it('asks main after each change, never twice at once, and plans what it answered last', async () => {
    const { state, client } = wizard();
    await settle();
    state.change('name', 'A');
    state.change('name', 'AB');
    state.change('name', 'ABC');
    expect(await state.next()).toBeNull();
    expect(client.called.filter(({ name }) => name === 'form').map(({ params }) => (params as { values?: FormValues }).values)).toEqual([
      undefined,
      { name: 'A' },
      { name: 'ABC' },
    ]);
    expect([state.step, state.flow.plan?.title]).toEqual(['plan', 'Set no failover']);
    state.back();
    expect(state.step).toBe('settings');
  });

  it('goes on with a draft, and forgets it once the job has begun', async () => {
    const { state, client } = wizard('OLD');
    await settle();
    expect(await state.next()).toBeNull();
    await state.run();
    expect(client.called.map(({ name }) => name)).toEqual(['form', 'plan', 'run', 'form.forget']);
    state.close();
    expect(client.open).toBe(0);
  });
});
