import { describe, expect, it } from 'vitest';
import type { MemberView, MirrorStatus, MonitorSnapshot } from '../../engine/api/status.ts';
import type { InstanceFacts } from '../hosts/index.ts';
import { facts, healthy, LIVE, LOST, member, mirror, snapshot, status, STOPPED, world } from '../testing/world.ts';
import { findings } from './rules.ts';

/** What is found when A and B tell this of their mirror. */
function found(members: MemberView[], change: Partial<MirrorStatus> = {}, told: Partial<MonitorSnapshot> = {}): string[] {
  const tells = (name: string): InstanceFacts => {
    const own = members.find((m) => m.name === name)?.status ?? 'Down';
    const state = status(name, 'running', own);
    return { ...facts(name, LIVE, state, null), snapshot: snapshot(state, mirror(name, members, change), told) };
  };
  return keys([tells('A'), tells('B')]);
}

function keys(instances: readonly InstanceFacts[], agentsLost: readonly string[] = []): string[] {
  return findings(world(instances, agentsLost)).map((f) => `${f.rule} ${f.subject} ${f.severity}`);
}

const A = member('A', 'Primary');
const B = member('B', 'Backup');

describe('alert rules find', () => {
  it('nothing in a healthy mirror', () => {
    const { a, b } = healthy();
    expect(keys([a, b])).toEqual([]);
  });

  it.each<[string, string[], MemberView[], Partial<MirrorStatus>?, Partial<MonitorSnapshot>?]>([
    ['no primary', ['noPrimary M bad', 'memberWaiting A attention'], [member('A', 'Waiting'), B]],
    ['a primary in trouble', ['primaryInTrouble A bad'], [member('A', 'In Trouble'), B]],
    ['a member that is lost', ['memberLost B bad'], [A, member('B', 'Down', { journalTransfer: 'Disconnected on x' })]],
    ['a lost async, less bad', ['memberLost C attention'], [A, B, member('C', 'Down', { type: 'Disaster Recovery' })]],
    ['a backup that is not active', ['backupNotActive B attention'], [A, member('B', 'Synchronizing', { journalTransfer: 'Caught up' })]],
    ['no failover set', ['noFailover M attention'], [A, B], { noFailover: true }],
    ['stopped dejournaling', ['dejournalingStopped C attention'], [A, B, async({ dejournaling: 'Warning! Dejournaling is stopped.' })]],
    ['odd databases', ['databasesNeedAttention B attention'], [A, { ...B, dejournaling: 'Warning! Some databases need attention.' }]],
    [
      'missing databases, on each that lacks them',
      ['missingDatabases A bad', 'missingDatabases B bad'],
      [A, B],
      { missingDatabases: ['X'] },
    ],
    ['an async far behind', ['asyncBehind C attention'], [A, B, async({ journalLatencyMs: 90_000 })]],
  ])('%s', (_name, expected, members, change, told) => {
    expect(found(members, change, told)).toEqual(expected);
  });

  it('the arbiter lost, by whom', () => {
    const cut: Partial<MirrorStatus> = {
      arbiter: { address: 'x|1', failoverMode: 'Agent Controlled', connectionStatus: 'This member is not connected to the arbiter' },
    };
    expect(found([A, B], cut)).toEqual(['arbiterLost M attention']);
    const { a, b } = healthy();
    const onlyB = { ...b, snapshot: snapshot(b.status, mirror('B', [A, B], cut)) };
    expect(findings(world([a, onlyB])).map((f) => f.text)).toEqual([expect.stringMatching(/^B is not connected to the arbiter/)]);
  });

  it('two primaries, a lost agent, a hung instance', () => {
    const a = facts('A', LIVE, status('A', 'running', 'Primary'), mirror('A', [A, member('B', 'Down')]));
    const b = facts('B', LIVE, status('B', 'hung', 'Primary'), mirror('B', [member('A', 'Down'), member('B', 'Primary')]));
    const all = keys([a, b], ['host-b']);
    expect(all).toContain('severalPrimaries M bad');
    expect(all).toContain('agentLost Host B bad');
    expect(all).toContain('instanceHung B bad');
  });

  it('no primary when all failover members are stopped, and only that it cannot tell when nobody is reached', () => {
    const { members } = healthy();
    const gone = (name: string, connection: typeof LOST): InstanceFacts =>
      facts(name, connection, status(name, connection === STOPPED ? 'stopped' : 'running', 'Down'), mirror(name, members));
    expect(keys([gone('A', STOPPED), gone('B', STOPPED)])).toEqual(['noPrimary M bad']);
    expect(keys([gone('A', LOST), gone('B', STOPPED)])).toEqual(['mirrorUnseen M attention']);
  });
});

function async(change: Partial<MemberView>): MemberView {
  return member('C', 'Connected', { type: 'Disaster Recovery', journalTransfer: 'Caught up', dejournaling: 'Caught up', ...change });
}
