import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { DatabaseView, InstanceStatus, MirroredDatabaseView } from '../../../engine/api/status.ts';
import { GemelError } from '../../../engine/api/errors.ts';
import { realClock } from '../../../engine/io/index.ts';
import { Hosts } from '../../hosts/index.ts';
import { openStore, type Store } from '../../store/index.ts';
import { scriptAgent, scriptInstance, type ScriptedAgent, type ScriptedInstance } from '../../testing/scripted-host.ts';
import { firstOf } from '../../testing/wait.ts';
import { member, mirror, snapshot, status } from '../../testing/world.ts';
import { prepare, type ActionContext } from '../index.ts';

/** Plans made from what real control sockets tell; the instances behind them say what the test wants. */

let home: string;
let hosts: Hosts;
let store: Store;
let agent: ScriptedAgent;
let instances: Record<'A' | 'B', ScriptedInstance>;
let context: ActionContext;

const running = (): Promise<never> => Promise.reject(new GemelError('RUNNING', 'The agent is running.'));
const members = [member('A', 'Primary'), member('B', 'Backup')];
const database = (name: string, now: MirroredDatabaseView['status']): MirroredDatabaseView => ({
  name,
  directory: `/nowhere/${name}`,
  status: now,
  nextRecord: now === 'Needs Catchup' ? { time: '2026-11-22 01:00:00', file: 'MIRROR-M-20261122.001', offset: 64 } : 'Current',
  failoverDB: true,
});
const listed = (name: string, mirrorDatabase: string): DatabaseView => ({
  name,
  directory: `/nowhere/${name}`,
  mounted: true,
  readOnly: false,
  mirrored: true,
  mirror: 'M',
  mirrorDatabase,
  failoverDB: true,
  size: 12_288,
});

function statusOf(name: 'A' | 'B'): InstanceStatus {
  return status(name, 'running', name === 'A' ? 'Primary' : 'Backup', path.join(home, 'instances', name));
}

beforeEach(async () => {
  home = fs.mkdtempSync(path.join(os.tmpdir(), 'gemel-work-'));
  agent = await scriptAgent(home, [statusOf('A'), statusOf('B')]);
  const a = mirror('A', members, { databases: [database('X', 'Normal'), database('Y', 'Normal')] });
  const b = mirror('B', members, { databases: [database('X', 'Needs Catchup'), database('Y', 'Dejournaling')] });
  instances = {
    A: await scriptInstance(statusOf('A').directory, snapshot(statusOf('A'), a)),
    B: await scriptInstance(statusOf('B').directory, snapshot(statusOf('B'), b)),
  };
  instances.A.on('db.list', () => [listed('X', 'X'), listed('Y', 'Y')]);
  instances.B.on('db.list', () => [listed('LOCALX', 'X'), listed('Y', 'Y')]);
  store = openStore(path.join(home, 'console', 'console.db'));
  const known = { id: 'local', label: 'Here', kind: 'local' as const, home, demo: false };
  hosts = new Hosts({ known: [known], control: { startAgent: running, stopAgent: running }, defaultHome: home, clock: realClock });
  context = { hosts, store, home };
  const isLive = (): true | undefined => {
    const all = hosts.world().hosts.flatMap((host) => host.instances);
    return all.length === 2 && all.every(({ connection }) => connection.state === 'live') ? true : undefined;
  };
  await firstOf((listener) => hosts.onChange(listener), isLive);
});
afterEach(async () => {
  hosts.close();
  store.close();
  await Promise.all([agent.close(), instances.A.close(), instances.B.close()]);
  fs.rmSync(home, { recursive: true, force: true });
});

describe('work on databases of a mirror', () => {
  it('is planned only for the members that need it, by the names they have there, and says what is passed over', async () => {
    const { plan } = await prepare({ action: 'mirrorDatabaseWork', mirror: 'M', work: 'catchup', databases: ['X', 'Y'] }, context);
    expect(plan.refusals).toEqual([]);
    expect(plan.steps.map(({ command }) => command)).toEqual(['gemel db catchup B LOCALX']);
    expect(plan.consequences).toEqual([
      'B: X is brought up to date from MIRROR-M-20261122.001, 64 (2026-11-22 01:00:00) on.',
      'Left as it is on B: Y (caught up, dismounted or on the primary).',
    ]);
    expect(plan.danger).toBe(false);
  });

  it('is refused when nobody needs it, or the mirror is locked', async () => {
    const mount = { action: 'mirrorDatabaseWork' as const, mirror: 'M', work: 'mount' as const, databases: ['X'] };
    expect((await prepare(mount, context)).plan.refusals.map(({ reason }) => reason)).toEqual([
      'There is nothing to do: database X is mounted.',
    ]);
    store.settings.setMirror('M', { locked: true });
    expect((await prepare(mount, context)).plan.refusals[0]?.reason).toContain('locked');
  });

  it('empties a database on the primary first, then on the others, and asks for its name', async () => {
    const { plan } = await prepare({ action: 'mirrorDatabaseWork', mirror: 'M', work: 'recreate', databases: ['X'] }, context);
    expect(plan.steps.map(({ command }) => command)).toEqual(['gemel db recreate A X', 'gemel db recreate B LOCALX']);
    expect([plan.danger, plan.confirmWord]).toEqual([true, 'X']);
    expect(plan.consequences[0]).toContain('X (12.0 KB) is emptied, and all its data is gone for the whole mirror');
  });
});
