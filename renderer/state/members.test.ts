import { describe, expect, it } from 'vitest';
import { scenario } from '../fixtures/scenarios.ts';
import { memberRows, sourceMember, stageLags } from './members.ts';
import { allOffers, instanceOffers, mirrorOffers } from './offers.ts';

const normal = scenario('normal', 1_000_000, 1);
const outage = scenario('outage', 1_000_000, 1);
const empty = scenario('empty', 1_000_000, 1);

function monitorOf(s: typeof normal): NonNullable<typeof normal.monitor> {
  if (s.monitor === null) throw new Error('the fixture has a mirror');
  return s.monitor;
}

describe('member rows', () => {
  it('join the conclusion, the addresses and the instance of each member', () => {
    const rows = memberRows(monitorOf(normal), normal.overview.instances);
    expect(rows.map((r) => [r.member.name, r.addresses?.superserverAddress, r.instance?.id])).toEqual([
      ['DEMO_A', '127.0.0.1:40131', 'demo-a/DEMO_A'],
      ['DEMO_B', '127.0.0.1:40133', 'demo-b/DEMO_B'],
    ]);
  });

  it('still have addresses when no member can be reached', () => {
    const monitor = monitorOf(normal);
    const dark = { ...monitor, mirror: { ...monitor.mirror, source: null } };
    expect(sourceMember(dark)).toBeNull();
    expect(memberRows(dark, []).every((r) => r.addresses !== null && r.instance === null)).toBe(true);
  });
});

describe('stage lags', () => {
  it('come from a live primary only', () => {
    expect(stageLags(monitorOf(normal)).map((l) => l.member)).toEqual(['DEMO_B']);
    expect(stageLags(monitorOf(outage))).toEqual([]);
    const monitor = monitorOf(normal);
    const lost = { ...monitor, members: monitor.members.map((m) => ({ ...m, connection: { ...m.connection, state: 'lost' as const } })) };
    expect(stageLags(lost)).toEqual([]);
  });

  it('are unknown, never nothing, where the position is not known', () => {
    const monitor = monitorOf(normal);
    const nowhere = { position: null, behindBytes: 0, behindMs: 0 };
    const members = monitor.members.map((m) => ({
      ...m,
      snapshot: m.snapshot && { ...m.snapshot, lag: m.snapshot.lag.map((l) => ({ ...l, sent: nowhere })) },
    }));
    expect(stageLags({ ...monitor, members })[0]?.sent).toEqual({ position: null, behindBytes: null, behindMs: null });
  });
});

describe('offers', () => {
  const kinds = (offers: { action: { action: string } }[]): string[] => offers.map((o) => o.action.action);

  it('follow the state of the mirror and its instances', () => {
    expect(kinds(mirrorOffers(monitorOf(normal).mirror))).toEqual(['setNoFailover', 'switchOver']);
    expect(kinds(mirrorOffers(monitorOf(scenario('nofailover', 1, 1)).mirror))).toEqual(['clearNoFailover', 'switchOver']);
    expect(outage.overview.instances.map((i) => kinds(instanceOffers(i)))).toContainEqual(['startInstance']);
  });

  it('offer nothing for an instance that is starting', () => {
    const instance = normal.overview.instances[0];
    if (instance === undefined) throw new Error('the fixture has instances');
    expect(instanceOffers({ ...instance, status: { ...instance.status, state: 'starting' } })).toEqual([]);
    expect(kinds(instanceOffers({ ...instance, status: { ...instance.status, state: 'hung' } }))).toEqual(['stopInstance']);
  });

  it('offer to create the demo only while there is none, and to remove it only while there is one', () => {
    expect(kinds(allOffers(empty.overview))).toEqual(['createDemoMirror']);
    expect(kinds(allOffers(normal.overview))).toContain('removeDemoMirror');
    expect(kinds(allOffers(normal.overview))).not.toContain('createDemoMirror');
  });

  it('mark what interrupts service', () => {
    const dangerous = new Set(
      allOffers(normal.overview)
        .filter((o) => o.danger)
        .map((o) => o.action.action),
    );
    expect([...dangerous].sort()).toEqual(['removeDemoMirror', 'stopInstance', 'switchOver']);
  });
});
