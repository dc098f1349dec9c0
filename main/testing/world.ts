import type { InstanceStatus, MemberStatus, MemberView, MirrorStatus, MonitorSnapshot } from '../../engine/api/status.ts';
import type { Freshness } from '../contract/index.ts';
import type { HostFacts, InstanceFacts, World } from '../hosts/index.ts';

/** Made-up states of a mirror M with failover members A and B, each on a host of its own. */

export const NOW = 1_800_000_000_000;

export const PORTS: Record<string, number> = { A: 41001, B: 41002 };

export function member(name: string, status: MemberStatus, change: Partial<MemberView> = {}): MemberView {
  return {
    name,
    type: 'Failover',
    status,
    journalTransfer: status === 'Backup' ? 'Active' : 'N/A',
    journalLatencyMs: null,
    dejournaling: status === 'Backup' ? 'Caught up' : 'N/A',
    dejournalLatencyMs: null,
    dn: null,
    position: null,
    superserverAddress: `127.0.0.1|${PORTS[name] ?? 1}`,
    privateAddress: '127.0.0.1',
    agentAddress: '127.0.0.1|2188',
    ...change,
  };
}

export function mirror(thisMember: string, members: MemberView[], change: Partial<MirrorStatus> = {}): MirrorStatus {
  return {
    mirror: 'M',
    thisMember,
    noFailover: false,
    members,
    arbiter: {
      address: '127.0.0.1|2190',
      failoverMode: 'Arbiter Controlled',
      connectionStatus: 'Both failover members are connected to the arbiter',
    },
    incomingRate: null,
    databases: [],
    missingDatabases: [],
    ...change,
  };
}

export function status(name: string, state: InstanceStatus['state'], member: MemberStatus, directory = `/nowhere/${name}`): InstanceStatus {
  return {
    name,
    directory,
    state,
    pid: state === 'stopped' ? null : 4711,
    version: '0.1.0',
    superserverPort: PORTS[name] ?? 1,
    webPort: 2,
    mirrors: [{ mirror: 'M', type: 'Failover', status: member }],
  };
}

export function snapshot(instance: InstanceStatus, picture: MirrorStatus | null, change: Partial<MonitorSnapshot> = {}): MonitorSnapshot {
  return {
    at: NOW,
    instance,
    mirror: picture,
    lag: [],
    metrics: null,
    readiness: [{ check: 'The backup is active', ok: true, reason: 'B has everything.' }],
    ...change,
  };
}

export const LIVE: Freshness = { state: 'live', since: NOW - 60_000, asOf: NOW, reason: null };
export const LOST: Freshness = { state: 'lost', since: NOW - 5_000, asOf: NOW - 6_000, reason: 'The connection was lost.' };
export const STOPPED: Freshness = { state: 'stopped', since: NOW - 5_000, asOf: NOW - 6_000, reason: 'The instance is stopped.' };

export function facts(name: string, connection: Freshness, state: InstanceStatus, picture: MirrorStatus | null): InstanceFacts {
  const host = `host-${name.toLowerCase()}`;
  return { id: `${host}/${name}`, host, name, status: state, connection, snapshot: picture && snapshot(state, picture) };
}

/** Each instance on its own host, whose agent answers unless it is in `agentsLost`. */
export function world(instances: readonly InstanceFacts[], agentsLost: readonly string[] = []): World {
  const host = (instance: InstanceFacts): HostFacts => ({
    known: { id: instance.host, label: `Host ${instance.name}`, kind: 'local', home: `/nowhere/${instance.host}`, demo: false },
    connection: agentsLost.includes(instance.host) ? LOST : LIVE,
    agent: null,
    instances: [instance],
  });
  return { at: NOW, hosts: instances.map(host) };
}

/** A is primary, B its active backup, both reporting. */
export function healthy(): { a: InstanceFacts; b: InstanceFacts; members: MemberView[] } {
  const members = [member('A', 'Primary'), member('B', 'Backup')];
  return {
    members,
    a: facts('A', LIVE, status('A', 'running', 'Primary'), mirror('A', members)),
    b: facts('B', LIVE, status('B', 'running', 'Backup'), mirror('B', members)),
  };
}
