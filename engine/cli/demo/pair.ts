import { anyFreePort } from '../../instance/host.ts';
import { expect, until, type DemoHost, type DemoNode, type DemoWorld } from './world.ts';

/** Where the agents of the hosts are reached. */
export type AgentAddresses = ReadonlyMap<DemoHost, string>;

/** Starts the agents of two hosts and of the arbiter. */
export async function startAgents({ hosts }: DemoWorld): Promise<AgentAddresses> {
  const addresses = new Map<DemoHost, string>();
  for (const host of [hosts.one, hosts.two, hosts.arbiter]) addresses.set(host, await host.startAgent());
  return addresses;
}

/** Makes the instance of a node on free ports and starts it. */
export async function createAndStart(node: DemoNode): Promise<void> {
  const { name, host } = node;
  node.port = await anyFreePort();
  await host.agent('instance.create', { name, superserverPort: node.port, webPort: await anyFreePort() });
  const { state } = await host.agent('instance.start', { name });
  expect(state === 'running', `${name} is running`, state);
}

/** Makes a mirror whose first failover member is the first node, with the arbiter of the world. */
export async function createMirror(
  { hosts, nodes: { one } }: DemoWorld,
  agents: AgentAddresses,
  name: string,
  qosMs: number,
): Promise<void> {
  await one.call('mirror.create', {
    name,
    member: one.name,
    arbiter: agents.get(hosts.arbiter) ?? '',
    arbiterOnMemberHost: true,
    qosMs,
    agentAddress: agents.get(hosts.one) ?? '',
  });
}

/** Makes the second node the mirror's second failover member. */
export async function joinMirror({ hosts, nodes: { one, two } }: DemoWorld, agents: AgentAddresses, mirror: string): Promise<void> {
  await two.call('mirror.join', {
    mirror,
    as: 'failover',
    member: two.name,
    agent: agents.get(hosts.one) ?? '',
    via: one.name,
    agentAddress: agents.get(hosts.two) ?? '',
  });
}

/** Starts the agent and the instance of the third node and makes it an async. It asks the backup, which passes it on. */
export async function joinAsync(
  { hosts, nodes: { two, three } }: DemoWorld,
  agents: AgentAddresses,
  mirror: string,
  as: 'dr' | 'reporting-ro' = 'dr',
): Promise<void> {
  const agentAddress = await hosts.three.startAgent();
  await createAndStart(three);
  await three.call('mirror.join', {
    mirror,
    as,
    member: three.name,
    agent: agents.get(hosts.two) ?? '',
    via: two.name,
    agentAddress,
  });
}

/** Waits until `viewer` sees members in these statuses; returns them with + and -. */
export async function waitFor(viewer: DemoNode, signal: AbortSignal, wanted: Readonly<Record<string, string>>): Promise<string> {
  const text = Object.entries(wanted)
    .map(([member, status]) => `${member} is ${status}`)
    .join(' and ');
  const seen = await until(text, signal, async () => {
    const members = (await viewer.mirror())?.members.map(({ name, status }) => ({ name, status })) ?? [];
    return {
      ok: Object.entries(wanted).every(([name, status]) => members.some((each) => each.name === name && each.status === status)),
      seen: members,
    };
  });
  return seen.map(({ name, status }) => `${name}${status === 'Primary' ? '+' : status === 'Backup' ? '-' : ''} ${status}`).join(', ');
}

/** Waits until a failover would work now: the backup is active and the arbiter reaches both. */
export async function waitReady(primary: DemoNode, backup: DemoNode, signal: AbortSignal): Promise<void> {
  await until(`${backup.name} is an active backup, and the arbiter reaches both`, signal, async () => {
    const status = await primary.mirror();
    const active = status?.members.some(
      (each) => each.name === backup.name && each.status === 'Backup' && each.journalTransfer === 'Active',
    );
    const mode = status?.arbiter.failoverMode ?? null;
    return {
      ok: active === true && mode === 'Arbiter Controlled',
      seen: { members: status?.members.map((m) => [m.name, m.status, m.journalTransfer]), mode },
    };
  });
}
