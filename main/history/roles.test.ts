import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import type { MemberStatus } from '../../engine/api/status.ts';
import type { World } from '../hosts/index.ts';
import { openStore } from '../store/index.ts';
import type { Store } from '../store/index.ts';
import { facts, LIVE, LOST, member, mirror, NOW, status, world } from '../testing/world.ts';
import { RoleWatch, type PrimaryChange } from './roles.ts';

let folder: string;
let store: Store;
let changes: PrimaryChange[];
beforeEach(() => {
  folder = fs.mkdtempSync(path.join(os.tmpdir(), 'gemel-roles-'));
  store = openStore(path.join(folder, 'console.db'));
  changes = [];
});
afterEach(() => {
  store.close();
  fs.rmSync(folder, { recursive: true, force: true });
});

/** As B sees it; not live: as it saw it last. */
function seen(a: MemberStatus, b: MemberStatus, live = true): World {
  return world([facts('B', live ? LIVE : LOST, status('B', 'running', b), mirror('B', [member('A', a), member('B', b)]))]);
}
const events = (): string[] => store.events.list({ mirror: 'M', from: 0, to: NOW + 1 }).map((e) => `${e.text}${e.explain ? ' !' : ''}`);

it('marks what a takeover did to each member, leaving out what only passes', () => {
  const watch = new RoleWatch(store.events, (change) => changes.push(change));
  for (const [a, b] of [
    ['Primary', 'Backup'],
    ['Down', 'Transition'],
    ['Down', 'Primary'],
    ['Synchronizing', 'Primary'],
    ['Backup', 'Primary'],
  ] as const)
    watch.look(seen(a, b));
  expect(events()).toEqual(['A is Down, was Primary.', 'B is Primary, was Backup. !', 'A is Backup, was Down.']);
  expect(changes).toEqual([{ mirror: 'M', primary: 'B', before: 'A', at: NOW }]);
});

it('believes nobody who is not live, and does not call the same primary a new one', () => {
  const watch = new RoleWatch(store.events, (change) => changes.push(change));
  watch.look(seen('Primary', 'Backup'));
  watch.look(seen('Down', 'Primary', false));
  watch.look(seen('In Trouble', 'Backup'));
  watch.look(seen('Primary', 'Backup'));
  expect([events().filter((text) => text.endsWith('!')), changes]).toEqual([[], []]);
});

it('does not believe an async that has lost its primary and takes everybody for down', () => {
  const async = (a: MemberStatus, b: MemberStatus, own: MemberStatus): World => {
    const members = [member('A', a), member('B', b), member('C', own, { type: 'Disaster Recovery' })];
    return world([facts('C', LIVE, status('C', 'running', own), mirror('C', members))]);
  };
  const watch = new RoleWatch(store.events, (change) => changes.push(change));
  watch.look(async('Primary', 'Backup', 'Connected'));
  watch.look(async('Down', 'Down', 'Transition'));
  watch.look(async('Down', 'Primary', 'Connected'));
  expect(events()).toEqual(['A is Down, was Primary.', 'B is Primary, was Backup. !']);
});

it('notices what happened while no console ran', () => {
  new RoleWatch(store.events, () => undefined).look(seen('Primary', 'Backup'));
  new RoleWatch(store.events, (change) => changes.push(change)).look(seen('Backup', 'Primary'));
  expect(changes).toMatchObject([{ primary: 'B', before: 'A' }]);
});
