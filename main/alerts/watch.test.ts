import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import type { Alert } from '../contract/index.ts';
import type { World } from '../hosts/index.ts';
import { openStore } from '../store/index.ts';
import type { Store } from '../store/index.ts';
import { HandClock } from '../testing/hand-clock.ts';
import { facts, healthy, LIVE, member, mirror, snapshot, status, world } from '../testing/world.ts';
import { AlertWatch } from './watch.ts';

let folder: string;
let store: Store;
let clock: HandClock;
let now: World;
let raised: Alert[];
let watch: AlertWatch;

const { a, b, members } = healthy();
const good = world([a, b]);
const held = world([{ ...a, snapshot: snapshot(a.status, mirror('A', members, { noFailover: true })) }, b]);
const alone = world([facts('A', LIVE, status('A', 'running', 'Primary'), mirror('A', [member('A', 'Primary'), member('B', 'Down')]))]);

function open(): void {
  watch = new AlertWatch({ store: store.alerts, clock, world: () => now, changed: () => undefined, raised: (alert) => raised.push(alert) });
}
function becomes(next: World): void {
  now = next;
  watch.worldChanged();
}
const active = (): string[] => watch.active.map((alert) => `${alert.rule} ${alert.subject}`);

beforeEach(() => {
  folder = fs.mkdtempSync(path.join(os.tmpdir(), 'gemel-alerts-'));
  store = openStore(path.join(folder, 'console.db'));
  clock = new HandClock();
  now = good;
  raised = [];
  open();
  clock.pass(11_000);
});
afterEach(() => {
  watch.close();
  store.close();
  fs.rmSync(folder, { recursive: true, force: true });
});

it('raises what lasts, not what passes, and ends it when it is over', () => {
  becomes(alone);
  clock.pass(1500);
  becomes(good);
  clock.pass(5000);
  expect(raised).toEqual([]);
  becomes(alone);
  const since = clock.wallMs();
  clock.pass(2600);
  expect(active()).toEqual(['memberLost B']);
  expect(watch.active[0]?.since).toBeLessThanOrEqual(since + 250);
  becomes(good);
  clock.pass(500);
  expect(active()).toEqual([]);
  expect(store.alerts.past(10)).toMatchObject([{ rule: 'memberLost', until: expect.any(Number) as number }]);
  expect(raised).toHaveLength(1);
});

it('keeps an acknowledged alert until it is over, but a report of something done only until then', () => {
  becomes(held);
  clock.pass(500);
  const job = {
    rule: 'jobFailed',
    mirror: 'M',
    subject: 'M',
    severity: 'attention',
    text: 'x',
    todo: 'y',
    explain: false,
    job: 7,
  } as const;
  watch.tell({ key: 'jobFailed::7', ...job });
  watch.tell({ key: 'jobFailed::7', ...job });
  expect(active().toSorted()).toEqual(['jobFailed M', 'noFailover M']);
  expect(watch.acknowledge(watch.active.map((alert) => alert.id).concat(999), 'ada')).toHaveLength(2);
  expect(watch.active).toMatchObject([{ rule: 'noFailover', acknowledged: { who: 'ada' } }]);
  expect(store.alerts.past(10)).toMatchObject([{ rule: 'jobFailed', acknowledged: { who: 'ada' } }]);
  expect(watch.acknowledge([watch.active[0]?.id ?? 0], 'eve')).toEqual([]);
});

it('goes on after a restart with what still is the case, and gives the world time to be seen again', () => {
  becomes(held);
  clock.pass(500);
  const before = watch.active;
  watch.close();
  raised = [];
  now = { at: 0, hosts: [] };
  open();
  clock.pass(3000);
  expect(watch.active).toEqual(before);
  becomes(held);
  clock.pass(20_000);
  expect([watch.active, raised]).toEqual([before, []]);
  becomes({ at: 0, hosts: [] });
  clock.pass(500);
  expect(active()).toEqual([]);
});
