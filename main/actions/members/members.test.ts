import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { GemelError } from '../../../engine/api/errors.ts';
import type { MirrorConfiguration } from '../../../engine/api/mirror-configuration.ts';
import type { InstanceStatus, MemberStatus, MemberType } from '../../../engine/api/status.ts';
import { realClock } from '../../../engine/io/index.ts';
import type { Form } from '../../contract/index.ts';
import { formOf } from '../../forms/index.ts';
import { Hosts } from '../../hosts/index.ts';
import { openStore, type Store } from '../../store/index.ts';
import { scriptAgent, scriptInstance, type ScriptedAgent, type ScriptedInstance } from '../../testing/scripted-host.ts';
import { firstOf } from '../../testing/wait.ts';
import { member, mirror, snapshot, status } from '../../testing/world.ts';
import { prepare, type ActionContext } from '../index.ts';

/** Plans and forms against scripted instances: failover members A and B, and the disaster recovery async C, all on one host. */

type Name = 'A' | 'B' | 'C';
type Roles = Record<Name, MemberStatus>;
const working: Roles = { A: 'Primary', B: 'Backup', C: 'Connected' };
const typeOf = (name: Name): MemberType => (name === 'C' ? 'Disaster Recovery' : 'Failover');

let home: string;
let store: Store;
let hosts: Hosts;
let context: ActionContext;
let agent: ScriptedAgent;
let instances: Record<Name, ScriptedInstance>;

const configuration: MirrorConfiguration = {
  mirror: 'M',
  version: 3,
  thisMember: 'A',
  qosMs: 8000,
  arbiter: 'third:2188',
  compression: { failover: 'system', async: 'system' },
  parallelDejournaling: 'failover+dr',
  vip: null,
  members: (['A', 'B', 'C'] as const).map((name) => ({
    name,
    guid: name,
    instance: name,
    type: typeOf(name),
    superserverAddress: `h${name}:1972`,
    privateAddress: `h${name}:1972`,
    agentAddress: `h${name}:2188`,
    vipInterface: null,
  })),
  databases: ['DB'],
};

const statusOf = (name: Name, roles: Roles): InstanceStatus => ({
  ...status(name, 'running', roles[name], path.join(home, 'instances', name)),
  mirrors: [{ mirror: 'M', type: typeOf(name), status: roles[name] }],
});

function picture(name: Name, roles: Roles) {
  const members = (['A', 'B', 'C'] as const).map((each) =>
    member(each, roles[each], { type: typeOf(each), ...(each === 'C' ? { journalTransfer: 'Caught up', dejournaling: 'Caught up' } : {}) }),
  );
  return snapshot(statusOf(name, roles), mirror(name, members));
}

async function world(roles: Roles): Promise<void> {
  for (const name of ['A', 'B', 'C'] as const) instances[name].monitor.publish(picture(name, roles));
  await firstOf(
    (listener) => hosts.onChange(listener),
    () => {
      const seen = hosts.world().hosts[0];
      const all = seen?.instances.filter(({ connection, status: { mirrors } }) => connection.state === 'live' && mirrors[0] !== undefined);
      return seen?.connection.state === 'live' &&
        all?.length === 3 &&
        all.every((i) => i.status.mirrors[0]?.status === roles[i.name as Name])
        ? true
        : undefined;
    },
  );
}

beforeEach(async () => {
  home = fs.mkdtempSync(path.join(os.tmpdir(), 'gemel-members-'));
  agent = await scriptAgent(
    home,
    (['A', 'B', 'C'] as const).map((name) => statusOf(name, working)),
  );
  const [a, b, c] = await Promise.all(
    (['A', 'B', 'C'] as const).map((name) => scriptInstance(path.join(home, 'instances', name), picture(name, working))),
  );
  if (a === undefined || b === undefined || c === undefined) throw new Error('no instances');
  instances = { A: a, B: b, C: c };
  for (const each of [a, b, c]) each.on('mirror.configuration', () => configuration);
  store = openStore(path.join(home, 'console.db'));
  const notHere = (): Promise<never> => Promise.reject(new GemelError('INTERNAL', 'not in this test'));
  hosts = new Hosts({
    known: [{ id: 'local', label: 'here', kind: 'local', home, demo: false }],
    control: { startAgent: notHere, stopAgent: notHere },
    defaultHome: home,
    clock: realClock,
  });
  context = { hosts, store, home };
  await world(working);
});
afterEach(async () => {
  hosts.close();
  store.close();
  await Promise.all([agent.close(), ...Object.values(instances).map((each) => each.close())]);
  fs.rmSync(home, { recursive: true, force: true });
});

const refusal = (code: string, facts: Record<string, string | number> = {}, what = code): GemelError =>
  new GemelError('REFUSED', what, 'Nothing was changed.', 'Do something.', { code, facts });

function field(form: Form, name: string) {
  return form.groups.flatMap(({ fields }) => fields).find((each) => each.name === name);
}

describe('forcing a member to become primary', () => {
  const force = { action: 'forcePrimary', mirror: 'M', instance: 'local/B' } as const;

  it('is planned with what the engine says it would mean; nothing is confirmed by asking', async () => {
    await world({ A: 'Down', B: 'Waiting', C: 'Connected' });
    instances.B.on('mirror.forcePrimary', () => {
      throw refusal('FORCE_NOT_CONFIRMED', { wasActive: 0, file: 7, offset: 4711, path: '/j/7' });
    });
    const { plan } = await prepare(force, context);
    expect(plan).toMatchObject({ danger: true, confirmWord: 'B', refusals: [] });
    expect(plan.consequences.join(' ')).toContain('What the primary wrote after journal file 7, position 4711 is lost');
    expect(plan.steps[0]?.command).toBe('gemel mirror force-primary B --yes');
    expect(instances.B.asked).toContainEqual(['mirror.forcePrimary', { confirmed: false }]);
  });

  it('is refused with the engine’s words, and while the mirror is locked', async () => {
    instances.B.on('mirror.forcePrimary', () => {
      throw refusal('PRIMARY_EXISTS', {}, 'The other failover member is primary.');
    });
    store.settings.setMirror('M', { locked: true });
    const { plan } = await prepare(force, context);
    expect(plan.refusals.map(({ reason }) => reason)).toEqual([
      'Mirror M is locked against changes in this console.',
      'The other failover member is primary.',
    ]);
  });
});

describe('a promotion', () => {
  it('asks for what the engine asks for, one after the other, and changes nothing by it', async () => {
    const alone: Roles = { A: 'Down', B: 'Down', C: 'Connected' };
    await world(alone);
    instances.C.on('mirror.promote', ({ partner, confirmed, nofailover }) => {
      const facts = { unreachable: 'A (hA:2188)', lastPrimary: 'A', members: 'A, B' };
      if (partner === undefined) throw refusal('PARTNER_NEEDED', facts, 'What A has is not known.');
      if (partner === null && !confirmed) throw refusal('PROMOTION_NOT_CONFIRMED', facts, 'Data may be lost.');
      return { message: nofailover ? 'It would wait.' : 'It would become primary.', partner, setValidatedMember: ['A'] };
    });
    const about = { mirror: 'M', instance: 'local/C' };
    const first = await formOf('promote', about, {}, context);
    expect(field(first, 'partner')).toMatchObject({ value: 'A', problem: null });
    expect(first.action).toMatchObject({ partner: 'A', confirmed: false });
    const none = await formOf('promote', about, { partner: '*none' }, context);
    expect(field(none, 'confirmed')?.problem).not.toBeNull();
    expect(none.action).toBeNull();
    const sure = await formOf('promote', about, { partner: '*none', confirmed: true, nofailover: true }, context);
    expect(field(sure, 'foreseen')).toMatchObject({ value: 'It would wait.' });
    expect(sure.action).toMatchObject({ partner: null, confirmed: true, nofailover: true });
    if (sure.action === null) throw new Error('no action');
    const { plan } = await prepare(sure.action, context);
    expect(plan.steps.map(({ command }) => command)).toEqual(['gemel mirror promote C --partner none --nofailover --yes']);
    expect(plan.consequences.join(' ')).toContain('Before A is started, set ValidatedMember=0');
    expect(plan).toMatchObject({ refusals: [], danger: true, confirmWord: 'C' });
    for (const [, params] of instances.C.asked.filter(([method]) => method === 'mirror.promote'))
      expect(params).toMatchObject({ dryRun: true });
  });

  it('asks for an interface, and whether it may go on without the virtual address', async () => {
    instances.C.on('mirror.promote', ({ vipInterface, withoutVip }) => {
      if (vipInterface === undefined) throw refusal('VIP_INTERFACE_NEEDED', { interfaces: 'eth0, eth1' });
      if (!withoutVip) throw refusal('VIP_NOT_ON_SUBNET');
      return { message: 'Backup.', partner: 'A', setValidatedMember: [] };
    });
    const form = await formOf('promote', { instance: 'local/C' }, { vipInterface: 'eth1' }, context);
    expect(field(form, 'withoutVip')?.problem).not.toBeNull();
    const whole = await formOf('promote', { instance: 'local/C' }, { vipInterface: 'eth1', withoutVip: true }, context);
    expect(whole.action).toMatchObject({ vipInterface: 'eth1', withoutVip: true });
  });

  it('to backup says who is demoted, and is refused before it has caught up', async () => {
    instances.C.on('mirror.promote', () => ({ message: 'Backup.', partner: 'A', setValidatedMember: [] }));
    const promote = {
      action: 'promote',
      mirror: 'M',
      instance: 'local/C',
      nofailover: false,
      confirmed: false,
      withoutVip: false,
    } as const;
    const { plan } = await prepare(promote, context);
    expect(plan.consequences).toEqual([
      'C becomes backup of A.',
      'B becomes a disaster recovery async at the same time: M has two failover members.',
    ]);
    const late = snapshot(
      statusOf('A', working),
      mirror('A', [member('A', 'Primary'), member('C', 'Connected', { type: 'Disaster Recovery', journalTransfer: '3 s behind' })]),
    );
    instances.A.monitor.publish(late);
    await firstOf(
      (listener) => hosts.onChange(listener),
      () => hosts.world().hosts[0]?.instances.find(({ name }) => name === 'A')?.snapshot?.mirror?.members.length === 2 || undefined,
    );
    expect((await prepare(promote, context)).plan.refusals[0]?.reason).toContain('3 s behind');
  });
});

describe('settings, addresses and members', () => {
  it('are changed only where something is different, with what it was', async () => {
    const same = await formOf('editMirror', { mirror: 'M' }, {}, context);
    if (same.action === null) throw new Error('no action');
    expect((await prepare(same.action, context)).plan.refusals[0]?.reason).toContain('Everything is as it is now');
    const changed = await formOf('editMirror', { mirror: 'M' }, { qosMs: '3000', useArbiter: false }, context);
    expect(changed.action).toEqual({ action: 'editMirror', mirror: 'M', qosMs: 3000, arbiter: null });
    if (changed.action === null) throw new Error('no action');
    const { plan } = await prepare(changed.action, context);
    expect(plan.consequences.slice(0, 2)).toEqual(['Arbiter: none (was third:2188).', 'Quality of service timeout, ms: 3000 (was 8000).']);
    expect(plan.steps[0]?.command).toBe('gemel mirror edit A --arbiter none --qos 3000');
    expect((await formOf('editMirror', { mirror: 'M' }, { qosMs: '5' }, context)).action).toBeNull();
  });

  it('are refused by the engine’s rules before anybody is asked', async () => {
    const to = (instance: string, superserverAddress: string) =>
      prepare({ action: 'editAddresses', mirror: 'M', member: 'B', instance, superserverAddress }, context);
    expect((await to('local/A', 'other:99')).plan.refusals[0]?.reason).toContain('part of its own settings');
    expect((await to('local/B', 'other')).plan.refusals[0]?.reason).toContain('connected to the primary');
    expect((await to('local/A', 'other')).plan.refusals).toEqual([]);
    const leave = await prepare({ action: 'leaveMirror', mirror: 'M', instance: 'local/A', databases: 'keep' }, context);
    expect(leave.plan.refusals[0]?.reason).toContain('it still has B, C');
    const remove = await prepare({ action: 'removeMember', mirror: 'M', member: 'A' }, context);
    expect(remove.plan.refusals[0]?.reason).toContain('this member itself');
  });
});

describe('one-click actions', () => {
  it('demote through the backup itself, or through the primary where it does not answer', async () => {
    const demote = { action: 'demote', mirror: 'M', member: 'B' } as const;
    expect((await prepare(demote, context)).plan.steps[0]?.command).toBe('gemel mirror demote B');
    await instances.B.close();
    await firstOf(
      (listener) => hosts.onChange(listener),
      () => hosts.world().hosts[0]?.instances.find(({ name }) => name === 'B')?.connection.state === 'lost' || undefined,
    );
    expect((await prepare(demote, context)).plan.steps[0]?.command).toBe('gemel mirror demote A');
  });

  it('refuse what makes no sense, with the reason', async () => {
    const reasons = async (action: Parameters<typeof prepare>[0]): Promise<string> =>
      (await prepare(action, context)).plan.refusals.map(({ reason }) => reason).join(' ');
    expect(await reasons({ action: 'stopMirroring', mirror: 'M', instance: 'local/A' })).toContain('A primary cannot stop mirroring');
    expect(await reasons({ action: 'startMirroring', mirror: 'M', instance: 'local/B' })).toContain('It is Backup');
    expect(await reasons({ action: 'rebuild', mirror: 'M', instance: 'local/A' })).toContain('The primary has the mirror’s data');
    expect(await reasons({ action: 'tryPrimary', mirror: 'M', instance: 'local/B' })).toContain('It is Backup');
    expect(await reasons({ action: 'setDejournaling', mirror: 'M', instance: 'local/B', set: 'pause' })).toContain('always dejournals');
    expect(await reasons({ action: 'stopMirroring', mirror: 'M', instance: 'local/C' })).toBe('');
  });
});
