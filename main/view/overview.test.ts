import { describe, expect, it } from 'vitest';
import type { MemberStatus, MemberView } from '../../engine/api/status.ts';
import { Overview, MirrorMonitor } from '../contract/views.ts';
import { facts, healthy, LIVE, LOST, member, mirror, NOW, snapshot, status, STOPPED, world } from '../testing/world.ts';
import { monitorOf, overviewOf } from './index.ts';

const noSettings = (): { environment: 'none'; locked: boolean } => ({ environment: 'none', locked: false });

function theMirror(view: ReturnType<typeof overviewOf>): (typeof view)['mirrors'][number] {
  const [only, ...rest] = view.mirrors;
  if (!only || rest.length > 0) throw new Error('expected one mirror');
  return only;
}

describe('overview', () => {
  it('of a healthy mirror answers the three questions with yes, yes, nothing', () => {
    const { a, b } = healthy();
    const view = overviewOf(world([a, b]), noSettings);
    expect(() => Overview.parse(view)).not.toThrow();
    const m = theMirror(view);
    expect([m.severity, m.primary, m.source]).toEqual(['good', 'A', 'host-a/A']);
    expect([m.dataSafe.severity, m.failoverReady.text, m.nextStep.text]).toEqual(['good', 'Yes', 'Nothing']);
    expect(m.dataSafe.reason).toContain('on A and on B');
    expect(m.members.map((x) => x.instance)).toEqual(['host-a/A', 'host-b/B']);
  });

  it('draws members, arbiter and agents with links that carry data', () => {
    const { a, b, members } = healthy();
    const position = { position: null, behindBytes: null, behindMs: null };
    const lag = [
      { member: 'B', written: position, sent: position, received: { position: null, behindBytes: 0, behindMs: 3 }, dejournaled: position },
    ];
    const withLag = { ...a, snapshot: snapshot(a.status, mirror('A', members), { lag }) };
    const { topology } = theMirror(overviewOf(world([withLag, b]), noSettings));
    expect(topology.nodes.map((n) => n.id).toSorted()).toEqual(['agent:host-a', 'agent:host-b', 'arbiter', 'member:A', 'member:B']);
    expect(topology.links.find((l) => l.kind === 'data')).toMatchObject({
      from: 'member:A',
      to: 'member:B',
      state: 'up',
      behindMs: 3,
      behindBytes: 0,
    });
    expect(topology.links.filter((l) => l.kind === 'arbiter').map((l) => l.state)).toEqual(['up', 'up']);
  });

  it('says that data is on one member only when the backup is gone', () => {
    const members = [member('A', 'Primary'), member('B', 'Down', { journalTransfer: 'Disconnected on 2026-11-21 01:00:00' })];
    const a = { ...facts('A', LIVE, status('A', 'running', 'Primary'), mirror('A', members)) };
    const failing = {
      ...a,
      snapshot: a.snapshot && { ...a.snapshot, readiness: [{ check: 'backup', ok: false, reason: 'There is no active backup.' }] },
    };
    const b = facts('B', STOPPED, status('B', 'stopped', 'Down'), mirror('B', [member('A', 'Primary'), member('B', 'Backup')]));
    const m = theMirror(overviewOf(world([failing, b]), noSettings));
    expect([m.severity, m.dataSafe.severity, m.failoverReady.severity]).toEqual(['bad', 'attention', 'attention']);
    expect(m.nextStep).toMatchObject({ text: 'Start B', severity: 'attention' });
    expect(m.topology.links.find((l) => l.kind === 'data')).toMatchObject({ state: 'down', behindMs: null });
  });

  it('believes a live backup rather than the memory of a dead primary', () => {
    const before = [member('A', 'Primary'), member('B', 'Backup')];
    const a = facts('A', LOST, status('A', 'running', 'Primary'), mirror('A', before));
    const b = facts('B', LIVE, status('B', 'running', 'Primary'), mirror('B', [member('A', 'Down'), member('B', 'Primary')]));
    const m = theMirror(overviewOf(world([a, b]), noSettings));
    expect([m.source, m.primary, m.dataSafe.severity]).toEqual(['host-b/B', 'B', 'attention']);
  });

  it('believes a failover member on its way rather than an async that lost its primary', () => {
    const c = (status: MemberStatus): MemberView => member('C', status, { type: 'Disaster Recovery' });
    const later = { ...LIVE, asOf: NOW + 500 };
    const b = facts(
      'B',
      LIVE,
      status('B', 'running', 'Transition'),
      mirror('B', [member('A', 'Down'), member('B', 'Transition'), c('Down')]),
    );
    const cut = mirror('C', [member('A', 'Down'), member('B', 'Down'), c('Transition')]);
    const m = theMirror(overviewOf(world([facts('C', later, status('C', 'running', 'Transition'), cut), b]), noSettings));
    expect([m.source, m.members.find((x) => x.name === 'B')?.status]).toEqual(['host-b/B', 'Transition']);
  });

  it('knows nothing, and says so, when no member answers', () => {
    const { members } = healthy();
    const a = facts('A', LOST, status('A', 'running', 'Primary'), mirror('A', members));
    const b = facts('B', LOST, status('B', 'running', 'Backup'), mirror('B', members));
    const m = theMirror(overviewOf(world([a, b]), noSettings));
    expect([m.dataSafe.severity, m.failoverReady.severity, m.primary]).toEqual(['unknown', 'unknown', null]);
    expect(m.connection).toMatchObject({ state: 'lost', asOf: NOW - 6_000 });
    expect(m.topology.links.map((l) => l.state)).not.toContain('down');
    expect(m.topology.links.filter((l) => l.kind === 'data').map((l) => l.state)).toEqual(['unknown']);
  });

  it('calls two primaries a danger', () => {
    const a = facts('A', LIVE, status('A', 'running', 'Primary'), mirror('A', [member('A', 'Primary'), member('B', 'Down')]));
    const b = facts('B', LIVE, status('B', 'running', 'Primary'), mirror('B', [member('A', 'Down'), member('B', 'Primary')]));
    const m = theMirror(overviewOf(world([a, b]), noSettings));
    expect([m.severity, m.dataSafe.text]).toEqual(['bad', 'In danger']);
  });

  it('asks to clear no failover, and to start an agent first of all', () => {
    const { a, b, members } = healthy();
    const held = { ...a, snapshot: snapshot(a.status, mirror('A', members, { noFailover: true })) };
    expect(theMirror(overviewOf(world([held, b]), noSettings)).nextStep.text).toBe('Clear no failover');
    expect(theMirror(overviewOf(world([held, b], ['host-b']), noSettings)).nextStep.text).toBe('Start the agent of Host B');
  });

  it('lists the worst first', () => {
    const { a, b } = healthy();
    const stopped = { ...b, connection: STOPPED, status: status('B', 'stopped', 'Down') };
    const view = overviewOf(world([a, stopped], ['host-b']), noSettings);
    expect(view.instances.map((i) => i.name)).toEqual(['B', 'A']);
    expect(view.hosts.map((h) => h.id)).toEqual(['host-b', 'host-a']);
  });

  it('finds a stopped member that never reported by its port', () => {
    const members = [member('A', 'Primary'), member('B', 'Down')];
    const a = facts('A', LIVE, status('A', 'running', 'Primary'), mirror('A', members));
    const b = facts('B', STOPPED, status('B', 'stopped', 'Down'), null);
    expect(theMirror(overviewOf(world([a, b]), noSettings)).members.map((m) => m.instance)).toEqual(['host-a/A', 'host-b/B']);
  });
});

describe('monitor', () => {
  it('has each member’s own view by name, and is null for an unknown mirror', () => {
    const { a, b } = healthy();
    const monitor = monitorOf(world([b, a]), 'M', noSettings);
    expect(() => MirrorMonitor.parse(monitor)).not.toThrow();
    expect(monitor?.members.map((m) => [m.name, m.snapshot?.mirror?.thisMember])).toEqual([
      ['A', 'A'],
      ['B', 'B'],
    ]);
    expect(monitorOf(world([a, b]), 'OTHER', noSettings)).toBeNull();
  });

  it('of a reporting member in several mirrors, turned to each of them', () => {
    const self = member('R', 'Connected', { type: 'Read-Only Reporting' });
    const [first, second] = [mirror('R', [member('A', 'Primary'), self]), { ...mirror('R', [member('X', 'Primary'), self]), mirror: 'N' }];
    const types = ['M', 'N'].map((name) => ({ mirror: name, type: 'Read-Only Reporting' as const, status: 'Connected' as const }));
    const r = facts('R', LIVE, { ...status('R', 'running', 'Connected'), mirrors: types }, null);
    const told = { ...r, snapshot: snapshot(r.status, first, { otherMirrors: [second] }) };
    expect(overviewOf(world([told]), noSettings).mirrors.map((m) => [m.name, m.primary])).toEqual([
      ['M', 'A'],
      ['N', 'X'],
    ]);
    const own = monitorOf(world([told]), 'N', noSettings)?.members[0]?.snapshot;
    expect([own?.mirror?.mirror, own?.otherMirrors?.map((m) => m.mirror)]).toEqual(['N', ['M']]);
  });
});
