import { type Admitted, instanceMethods, instanceTopics } from '../api/contract.ts';
import { GemelError } from '../api/errors.ts';
import { connectControl } from '../api/rpc/index.ts';
import { findRegistered, instancePaths } from '../instance/host.ts';
import type { AgentRequest } from '../mirror/index.ts';

/** A member that wants to join asks through the agent of the first failover member's host. Throws NOT_FOUND, NOT_RUNNING, or what the instance says. */
export async function admit(home: string, request: Extract<AgentRequest, { t: 'admit' }>): Promise<Admitted> {
  const { directory } = findRegistered(home, request.instance);
  let client;
  try {
    client = await connectControl(instancePaths(directory).control, instanceMethods, instanceTopics, { timeoutMs: 5000 });
  } catch (error) {
    if (!(error instanceof GemelError)) throw error;
    throw new GemelError(
      'NOT_RUNNING',
      `The instance ${request.instance} on that host is not running.`,
      'Nothing was changed.',
      'Start it, then join again.',
    );
  }
  try {
    return await client.call('mirror.admit', { mirror: request.mirror, member: request.member as Record<string, unknown> });
  } finally {
    client.close();
  }
}
