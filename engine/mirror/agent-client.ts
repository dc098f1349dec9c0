import { GemelError, type ErrorCode } from '../api/errors.ts';
import type { Clock } from '../io/clock.ts';
import type { Net } from '../io/net.ts';
import type { JournalReach, Position } from '../journal/index.ts';
import { parseReply, type AgentReply, type AgentRequest } from './agent-protocol.ts';
import { splitAddress, type Member } from './membership.ts';
import { Channel, kinds, splitJournalFrame, type Kind } from './wire.ts';

/** Where a member's agent can be reached: its agent address first, then its other addresses with the agent's port. */
export function agentAddresses(member: Member): { host: string; port: number }[] {
  const first = splitAddress(member.agentAddress);
  const hosts = [first.host, splitAddress(member.privateAddress).host, splitAddress(member.superserverAddress).host];
  return [...new Set(hosts)].map((host) => ({ host, port: first.port }));
}

/** Asks an agent one question on a connection of its own. Throws UNREACHABLE, TIMEOUT or what the agent answered. */
export async function askAgent(
  env: { net: Net; clock: Clock },
  addresses: readonly { host: string; port: number }[],
  request: AgentRequest,
  timeoutMs: number,
): Promise<AgentReply> {
  const channel = await connectFirst(env, addresses, timeoutMs);
  try {
    return await new Promise<AgentReply>((resolve, reject) => {
      const timer = env.clock.timer(timeoutMs, () => reject(silent(addresses, 'it does not answer')));
      channel.onFrame = (kind, payload) => {
        if (kind !== kinds.control) return;
        timer.cancel();
        const reply = parseReply(payload);
        if (reply.t === 'error') reject(toError(reply));
        else resolve(reply);
      };
      channel.onClose = (why) => {
        timer.cancel();
        reject(silent(addresses, why));
      };
      channel.control(request);
    });
  } finally {
    channel.onClose = () => undefined;
    channel.close('answered');
  }
}

/**
 * Fetches what the asker lacks of a journal that the agent of a member that is down serves.
 * @param begin told the other journal's reach; gives the position to send from, or null when nothing is wanted
 * @param take one file header or run of blocks, in order
 */
export async function fetchJournal(
  env: { net: Net; clock: Clock },
  addresses: readonly { host: string; port: number }[],
  request: Extract<AgentRequest, { t: 'fetch' }>,
  timeoutMs: number,
  begin: (reach: JournalReach) => Promise<Position | null>,
  take: (bytes: Buffer) => void,
): Promise<void> {
  const channel = await connectFirst(env, addresses, timeoutMs);
  try {
    await new Promise<void>((resolve, reject) => {
      let timer = env.clock.timer(timeoutMs, () => reject(silent(addresses, 'it stopped sending')));
      const finish = (error: Error | null): void => {
        timer.cancel();
        if (error === null) resolve();
        else reject(error);
      };
      const handle = async (kind: Kind, payload: Buffer): Promise<void> => {
        if (kind === kinds.block) return take(Buffer.from(splitJournalFrame(payload).content));
        if (kind !== kinds.control) return;
        const reply = parseReply(payload);
        if (reply.t === 'error') throw toError(reply);
        if (reply.t === 'fetch-end') return finish(null);
        if (reply.t !== 'reach') return;
        const from = await begin(reply.reach);
        if (from === null) finish(null);
        else channel.control({ t: 'fetch-from', from } satisfies AgentRequest);
      };
      channel.onFrame = (kind, payload) => {
        timer.cancel();
        timer = env.clock.timer(timeoutMs, () => reject(silent(addresses, 'it stopped sending')));
        handle(kind, payload).catch((error: unknown) => finish(error instanceof Error ? error : new Error(String(error))));
      };
      channel.onClose = (why) => finish(silent(addresses, why));
      channel.control(request);
    });
  } finally {
    channel.onClose = () => undefined;
    channel.close('done');
  }
}

async function connectFirst(
  env: { net: Net; clock: Clock },
  addresses: readonly { host: string; port: number }[],
  timeoutMs: number,
): Promise<Channel> {
  let last: unknown = null;
  for (const { host, port } of addresses) {
    try {
      return new Channel(await env.net.connect(host, port, timeoutMs), true, () => env.clock.monotonicMs());
    } catch (error) {
      last = error;
    }
  }
  throw silent(addresses, last instanceof Error ? last.message : 'no address');
}

function toError(reply: Extract<AgentReply, { t: 'error' }>): GemelError {
  return new GemelError(reply.code as ErrorCode, reply.what, reply.safe, reply.todo);
}

function silent(addresses: readonly { host: string; port: number }[], why: string): GemelError {
  const where = addresses.map((a) => `${a.host}:${a.port}`).join(', ');
  return new GemelError(
    'UNREACHABLE',
    `The agent at ${where} cannot be reached: ${why}.`,
    'Nothing was changed.',
    'Check that the agent is started on that host and that the network lets it through.',
  );
}
