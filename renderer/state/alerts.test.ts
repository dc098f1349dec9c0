import { expect, it } from 'vitest';
import type { Alert } from '../../main/contract/index.ts';
import { AlertsState, type Notifier } from './alerts.svelte.ts';
import { PastAlertsState } from './past-alerts.svelte.ts';
import { settle, TestClient } from './testing.ts';

const alert = (id: number, change: Partial<Alert> = {}): Alert => ({
  id,
  rule: 'noPrimary',
  mirror: 'M',
  subject: 'M',
  severity: 'bad',
  text: 'M has no primary.',
  todo: 'Look.',
  since: Date.now(),
  until: null,
  acknowledged: null,
  explain: false,
  job: null,
  ...change,
});
const seen = { at: 1, who: 'ada' };

function notifier(first: 'default' | 'granted'): { shown: string[]; notifier: Notifier } {
  let permission: 'default' | 'granted' = first;
  const shown: string[] = [];
  return {
    shown,
    notifier: {
      permission: () => permission,
      request: () => Promise.resolve((permission = 'granted')),
      show: (title) => shown.push(title),
    },
  };
}

it('tells of new alerts once, and only with permission; not of old or seen ones', async () => {
  const client = new TestClient({});
  const { shown, notifier: browser } = notifier('default');
  const state = new AlertsState(client, browser, (a) => `alert ${a.id}`);
  client.push('alerts', [alert(1)]);
  await state.allowNotifications();
  expect(state.permission).toBe('granted');
  client.push('alerts', [alert(1), alert(2), alert(3, { since: Date.now() - 120_000 }), alert(4, { acknowledged: seen })]);
  client.push('alerts', [alert(2)]);
  expect(shown).toEqual(['alert 2']);
});

it('acknowledges what nobody has seen yet', async () => {
  const client = new TestClient({ 'alerts.acknowledge': () => ({}) });
  const state = new AlertsState(client, null, () => '');
  client.push('alerts', [alert(1), alert(2, { acknowledged: seen })]);
  expect(state.open.map((a) => a.id)).toEqual([1]);
  await state.acknowledge(state.active);
  await state.acknowledge([alert(2, { acknowledged: seen })]);
  expect(client.called).toEqual([{ name: 'alerts.acknowledge', params: { alerts: [1] } }]);
});

it('pages through what is over, each once', async () => {
  const page = (from: number, n: number): Alert[] => Array.from({ length: n }, (_, i) => alert(from - i));
  const client = new TestClient({ 'alerts.past': ({ before }: { before: number }) => page(before - 1, 50) });
  const past = new PastAlertsState(client);
  client.push('pastAlerts', page(300, 100));
  await past.loadOlder();
  await settle();
  client.push('pastAlerts', page(310, 100));
  expect(past.alerts.map((a) => a.id)).toEqual(page(310, 160).map((a) => a.id));
  expect(past.mayHaveOlder).toBe(false);
  past.close();
});
