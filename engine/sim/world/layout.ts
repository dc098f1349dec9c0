import { instancePaths, type InstancePaths } from '../../instance/host.ts';
import { newSettings, type Settings } from '../../instance/settings.ts';
import type { Files } from '../../io/index.ts';
import { newDurable, writeRecord, type Membership, type Member } from '../../mirror/index.ts';
import { asyncHosts, type AsyncHostName, type SiteName } from '../faults/kinds.ts';

/** What lies on the drives before anything runs: instances with one mirrored database, members of one mirror. */

export const ports = { data: 1972, agent: { A: 2188, B: 2189, D: 2190, R: 2188 } } as const;
export const mirrorName = 'SIM';
const mirrorGuid = '00000000-0000-4000-8000-00000000000f';
export const databaseName = 'DATA';
const databaseGuid = '00000000-0000-4000-8000-0000000000db';
export const memberGuids = {
  A: '00000000-0000-4000-8000-00000000000a',
  B: '00000000-0000-4000-8000-00000000000b',
  D: '00000000-0000-4000-8000-00000000000d',
  E: '00000000-0000-4000-8000-00000000000e',
} as const;
const types = { A: 'Failover', B: 'Failover', D: 'Disaster Recovery', E: 'Read-Only Reporting' } as const;
/** Reporting members need none: no agent runs there. */
const agentPort = { A: ports.agent.A, B: ports.agent.B, D: ports.agent.D, E: 2188 } as const;

function member(name: SiteName): Member {
  return {
    guid: memberGuids[name],
    name: `MEMBER_${name}`,
    instance: name,
    type: types[name],
    superserverAddress: `${name}:${ports.data}`,
    privateAddress: `${name}:${ports.data}`,
    agentAddress: `${name}:${agentPort[name]}`,
  };
}

/** The mirror with its members. */
export function membership(qosMs: number, arbiter: boolean, names: readonly SiteName[]): Membership {
  return {
    mirror: mirrorName,
    guid: mirrorGuid,
    version: names.length,
    qosMs,
    arbiter: arbiter ? `R:${ports.agent.R}` : null,
    arbiterOnMemberHost: false,
    compression: { failover: 'system', async: 'system' },
    members: names.map(member),
    databases: [{ name: databaseName, guid: databaseGuid, created: { file: 1, offset: 0 } }],
  };
}

/** The hosts of so many asyncs. */
export function asyncsOf(count = 0): readonly AsyncHostName[] {
  return asyncHosts.slice(0, count);
}

export function pathsOf(host: SiteName): InstancePaths {
  return instancePaths(`/${host}`);
}

export function settingsOf(host: SiteName, directory: string): Settings {
  const settings = newSettings({ name: host, guid: memberGuids[host], superserverPort: ports.data, webPort: 0 });
  return {
    ...settings,
    Databases: { [databaseName]: directory },
    Namespaces: { [databaseName]: databaseName },
    Journal: { ...settings.Journal, FileSizeLimit: 1 },
  };
}

/** Properties of the mirrored database. */
export const database = {
  guid: databaseGuid,
  name: databaseName,
  createdMs: 0,
  mirror: { name: mirrorName, database: databaseName, guid: mirrorGuid, failoverDB: true },
  maxSizeBytes: null,
  journalId: mirrorGuid,
  position: null,
} as const;

/** The directories of an instance, and its place in the mirror. */
export function layOut(files: Files, host: SiteName, record: Membership): void {
  const paths = pathsOf(host);
  for (const each of [paths.directory, paths.mgr, paths.journal, paths.run]) files.makeDirectory(each);
  writeRecord(files, paths.mgr, { self: memberGuids[host], membership: record, durable: newDurable });
}
