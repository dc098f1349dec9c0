import { instancePaths, type InstancePaths } from '../../instance/host.ts';
import { newSettings, type Settings } from '../../instance/settings.ts';
import type { Files } from '../../io/index.ts';
import { newDurable, writeRecord, type Membership, type Member } from '../../mirror/index.ts';
import type { MemberHostName } from '../faults/kinds.ts';

/** What lies on the drives before anything runs: two instances with one mirrored database, members of one mirror. */

export const ports = { data: 1972, agent: { A: 2188, B: 2189, R: 2188 } } as const;
const mirrorName = 'SIM';
const mirrorGuid = '00000000-0000-4000-8000-00000000000f';
export const databaseName = 'DATA';
const databaseGuid = '00000000-0000-4000-8000-0000000000db';
const memberGuids = { A: '00000000-0000-4000-8000-00000000000a', B: '00000000-0000-4000-8000-00000000000b' } as const;

function member(name: MemberHostName): Member {
  return {
    guid: memberGuids[name],
    name: `MEMBER_${name}`,
    instance: name,
    type: 'Failover',
    superserverAddress: `${name}:${ports.data}`,
    privateAddress: `${name}:${ports.data}`,
    agentAddress: `${name}:${ports.agent[name]}`,
  };
}

/** The mirror as its first member made it, and with both. */
export function membership(qosMs: number, arbiter: boolean, names: readonly MemberHostName[]): Membership {
  return {
    mirror: mirrorName,
    guid: mirrorGuid,
    version: names.length,
    qosMs,
    arbiter: arbiter ? `R:${ports.agent.R}` : null,
    arbiterOnMemberHost: false,
    members: names.map(member),
    databases: [{ name: databaseName, guid: databaseGuid, created: { file: 1, offset: 0 } }],
  };
}

export function pathsOf(host: MemberHostName): InstancePaths {
  return instancePaths(`/${host}`);
}

export function settingsOf(host: MemberHostName, directory: string): Settings {
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
  mirror: { name: mirrorName, database: databaseName, guid: mirrorGuid },
  maxSizeBytes: null,
  journalId: mirrorGuid,
  position: null,
} as const;

/** The directories of an instance, and its place in the mirror. */
export function layOut(files: Files, host: MemberHostName, record: Membership): void {
  const paths = pathsOf(host);
  for (const each of [paths.directory, paths.mgr, paths.journal, paths.run]) files.makeDirectory(each);
  writeRecord(files, paths.mgr, { self: memberGuids[host], membership: record, durable: newDurable });
}
