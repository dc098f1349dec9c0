import { instanceMethods, instanceTopics } from '../api/contract.ts';
import { GemelError } from '../api/errors.ts';
import { connectControl } from '../api/rpc/index.ts';
import type { InstanceStatus } from '../api/status.ts';
import { VERSION } from '../api/version.ts';
import { checkInstanceDirectory, instancePaths } from './directory.ts';
import { probeLock } from './lock.ts';
import { listRegistered, type Registered } from './registry.ts';

/** Longest wait for an instance to say how it is before it counts as hung. */
const ANSWER_TIMEOUT_MS = 2000;

/** Every instance of the host, running or not, in order of name. */
export function inventory(home: string): Promise<InstanceStatus[]> {
  return Promise.all(listRegistered(home).map(instanceStatus));
}

/** How an instance is: its lock tells whether it lives, its control socket whether it answers. */
export async function instanceStatus(registered: Registered): Promise<InstanceStatus> {
  const { run, control } = instancePaths(registered.directory);
  const lock = probeLock(run);
  if (!lock.held) return { ...offline(registered), state: 'stopped' };
  try {
    const client = await connectControl(control, instanceMethods, instanceTopics, { timeoutMs: ANSWER_TIMEOUT_MS });
    try {
      return await client.call('instance.status', {});
    } finally {
      client.close();
    }
  } catch (error) {
    if (!(error instanceof GemelError)) throw error;
    const pid = lock.holder?.pid ?? null;
    if (!probeLock(run).held) return { ...offline(registered), state: 'stopped' };
    return { ...offline(registered), state: lock.holder?.phase === 'running' ? 'hung' : 'starting', pid };
  }
}

/** What the directory alone tells. */
function offline({ name, directory }: Registered): Omit<InstanceStatus, 'state'> {
  const base = { name, directory, pid: null, version: VERSION };
  try {
    const { settings } = checkInstanceDirectory(directory);
    const { DefaultPort, WebServerPort } = settings.Startup;
    // What kind of member it is stands in the mirror's own settings; an instance that is down has only one status.
    const mirrors = Object.keys(settings.Mirrors).map((mirror) => ({ mirror, type: 'Failover' as const, status: 'Down' as const }));
    return { ...base, superserverPort: DefaultPort, webPort: WebServerPort, mirrors };
  } catch (error) {
    if (!(error instanceof GemelError)) throw error;
    return { ...base, superserverPort: 0, webPort: 0, mirrors: [], problem: error.message };
  }
}
