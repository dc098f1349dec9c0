import os from 'node:os';
import { agentMethods, agentTopics } from '../../api/contract.ts';
import { GemelError } from '../../api/errors.ts';
import { MemberName } from '../../api/names.ts';
import type { MemberType } from '../../api/status.ts';
import { connectControl } from '../../api/rpc/index.ts';
import { splitAddress, type Member } from '../../mirror/index.ts';
import { isEverywhere } from '../addresses.ts';
import { homePaths } from '../registry.ts';
import { valid } from './valid.ts';

/** Where an agent listens unless it is told otherwise. */
const AGENT_PORT = 2188;

export interface OwnAddresses {
  readonly member?: string | undefined;
  readonly privateAddress?: string | undefined;
  readonly superserverAddress?: string | undefined;
  readonly agentAddress?: string | undefined;
}

/** This instance as a new member, and whether an agent is known for it. Throws NAME, and REFUSED when an address is not known or an agent that it needs does not run. */
export async function newMember(
  given: OwnAddresses,
  own: { guid: string; instance: string; home: string; type: MemberType; superserver: { host: string; port: number } },
): Promise<{ member: Member; hasAgent: boolean }> {
  const { instance, superserver: here } = own;
  const fallback = `${os.hostname().split('.')[0] ?? 'HOST'}_${instance}`.replace(/[^A-Za-z0-9_-]/g, '_').slice(0, 32);
  if (isEverywhere(here.host) && given.privateAddress === undefined) throw unknownAddress('this instance', '--private-address ADDRESS');
  const listening = `${here.host.includes(':') ? `[${here.host}]` : here.host}:${here.port}`;
  const withPort = (address: string): string => (/:\d+$/.test(address) ? address : `${address}:${here.port}`);
  const privateAddress = withPort(given.privateAddress ?? listening);
  const agent = given.agentAddress ?? (await agentAddress(own.home, own.type));
  const member: Member = {
    guid: own.guid,
    name: valid(MemberName, given.member ?? fallback, 'a member'),
    instance,
    type: own.type,
    superserverAddress: withPort(given.superserverAddress ?? given.privateAddress ?? listening),
    privateAddress,
    agentAddress: agent ?? `${splitAddress(privateAddress).host}:${AGENT_PORT}`,
  };
  return { member, hasAgent: agent !== null };
}

/** Whoever is or may become a failover member needs its host's agent; for reporting members it is a warning (DECISIONS, "Agent needed at join"). */
function needsAgent(type: MemberType): boolean {
  return type === 'Failover' || type === 'Disaster Recovery';
}

/** null: it does not run, and this member need not have one. */
async function agentAddress(home: string, type: MemberType): Promise<string | null> {
  const address = await runningAgent(home, type);
  if (address !== null && isEverywhere(splitAddress(address).host)) throw unknownAddress("this host's agent", '--agent-address HOST:PORT');
  return address;
}

/** Where this host's agent listens. null: it does not run, and a member of that type need not have one. Throws REFUSED: it needs one. */
export async function runningAgent(home: string, type: MemberType): Promise<string | null> {
  const refuse = (): GemelError =>
    new GemelError(
      'REFUSED',
      `This host's agent is not running; a ${type === 'Failover' ? 'failover' : 'disaster recovery'} member needs it.`,
      'Nothing was changed.',
      'Start it with `gemel agent start`, and see that it starts with the host.',
    );
  let client;
  try {
    client = await connectControl(homePaths(home).agentSocket, agentMethods, agentTopics, { timeoutMs: 3000 });
  } catch (error) {
    if (!(error instanceof GemelError)) throw error;
    if (!needsAgent(type)) return null;
    throw refuse();
  }
  try {
    const { address } = await client.call('agent.status', {});
    if (address === null) {
      if (!needsAgent(type)) return null;
      throw refuse();
    }
    return address;
  } finally {
    client.close();
  }
}

/** What listens on all addresses of a host does not know by which of them others reach it. */
function unknownAddress(what: string, option: string): GemelError {
  return new GemelError(
    'REFUSED',
    `By which address the other members reach ${what} is not known: it listens on all of them.`,
    'Nothing was changed.',
    `Give it: ${option}`,
  );
}
