import net from 'node:net';
import { instanceMethods, instanceTopics } from '../api/contract.ts';
import { GemelError } from '../api/errors.ts';
import { connectControl } from '../api/rpc/index.ts';
import { findRegistered, instancePaths } from '../instance/host.ts';
import { realIo } from '../io/index.ts';
import { socketConnection } from '../io/net.ts';
import { RawReader, type Position } from '../journal/index.ts';
import { AgentRequest, Channel, decodeControl, journalFrame, kinds, type AgentReply } from '../mirror/index.ts';
import { Arbiter } from './arbiter.ts';
import type { Peer, PeerContext } from './host.ts';
import { answerFor, journalToServe } from './members.ts';

const FIRST_MESSAGE_MS = 10_000;
const PIECE = 512 * 1024;

/** The agent's side towards other hosts: questions about its instances, their journal, joining, and the arbiter's part. */
export async function startPeer(context: PeerContext): Promise<Peer> {
  const arbiter = new Arbiter(context.clock, context.log);
  const channels = new Set<Channel>();
  const server = net.createServer((socket) => {
    const channel = new Channel(socketConnection(socket), false, () => context.clock.monotonicMs());
    channels.add(channel);
    serve(channel, context, arbiter, () => channels.delete(channel));
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => reject(listenError(error, context.host, context.port)));
    server.listen({ host: context.host, port: context.port }, resolve);
  });
  const address = server.address();
  return {
    host: context.host,
    port: typeof address === 'object' && address !== null ? address.port : context.port,
    arbiterFor: () => arbiter.names(),
    close: () =>
      new Promise<void>((resolve) => {
        arbiter.close();
        server.close(() => resolve());
        for (const channel of channels) channel.close('the agent stops');
      }),
  };
}

function listenError(error: NodeJS.ErrnoException, host: string, port: number): GemelError {
  if (error.code === 'EADDRINUSE')
    return new GemelError(
      'PORT_IN_USE',
      `The agent's port ${port} on ${host} is in use.`,
      'The agent was not started.',
      'Stop what uses it, or give another port: gemel agent start --port N',
    );
  if (error.code === 'EACCES')
    return new GemelError('RIGHTS', `The agent may not listen on port ${port}.`, 'The agent was not started.', 'Choose a port above 1023.');
  return new GemelError(
    'IO',
    `The agent cannot listen on ${host}:${port}: ${error.message}.`,
    'The agent was not started.',
    'Check the address in iscagent.conf.',
  );
}

/** The first message says what a connection is for. */
function serve(channel: Channel, context: PeerContext, arbiter: Arbiter, gone: () => void): void {
  const timer = context.clock.timer(FIRST_MESSAGE_MS, () => channel.close('no question'));
  channel.onClose = () => {
    timer.cancel();
    gone();
  };
  channel.onFrame = (kind, payload) => {
    timer.cancel();
    const request = kind === kinds.control ? AgentRequest.safeParse(decodeControl(payload)) : null;
    if (request?.success !== true) return reply(channel, new GemelError('USAGE', 'That is no question an agent answers.'));
    channel.onFrame = () => undefined;
    answer(channel, request.data, context, arbiter).catch((error: unknown) => {
      if (!(error instanceof GemelError))
        context.log(2, `A question failed inside: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`);
      reply(channel, error instanceof GemelError ? error : new GemelError('INTERNAL', 'The agent could not answer; its log says why.'));
    });
  };
}

function reply(channel: Channel, error: GemelError): void {
  channel.control({ t: 'error', code: error.code, what: error.what, safe: error.safe, todo: error.todo } satisfies AgentReply);
}

async function answer(channel: Channel, request: AgentRequest, context: PeerContext, arbiter: Arbiter): Promise<void> {
  switch (request.t) {
    case 'ask': {
      const said = answerFor(realIo, context.home, context.clock, request);
      if (said.grant !== null)
        context.log(2, `Granted: the instance that is member ${request.member} will not be primary before ${request.asker} has been.`);
      channel.control({ t: 'answer', answer: said } satisfies AgentReply);
      return;
    }
    case 'fetch':
      return serveJournal(channel, request, context);
    case 'fetch-from':
      throw new GemelError('USAGE', 'Ask for a journal first.');
    case 'arbiter':
      return arbiter.attend(channel, request);
    case 'admit':
      return admit(channel, request, context);
  }
}

function serveJournal(channel: Channel, request: Extract<AgentRequest, { t: 'fetch' }>, context: PeerContext): void {
  const journal = journalToServe(realIo, context.home, request);
  channel.onFrame = (kind, payload) => {
    const from = kind === kinds.control ? AgentRequest.safeParse(decodeControl(payload)) : null;
    if (from?.data?.t === 'fetch-from') sendPieces(channel, new RawReader(journal.files, from.data.from), journal.end.position);
  };
  channel.control({ t: 'reach', reach: { lineage: journal.lineage, end: journal.end } } satisfies AgentReply);
}

function sendPieces(channel: Channel, reader: RawReader, end: Position): void {
  for (;;) {
    if (channel.closed) return reader.close();
    const piece = reader.next(end, PIECE);
    if (piece === null) break;
    if (channel.send(journalFrame(kinds.block, end, piece.bytes))) continue;
    channel.connection.onDrain = () => {
      channel.connection.onDrain = () => undefined;
      sendPieces(channel, reader, end);
    };
    return;
  }
  reader.close();
  channel.control({ t: 'fetch-end' } satisfies AgentReply);
}

/** A member that wants to join asks through the agent of the first failover member's host. */
async function admit(channel: Channel, request: Extract<AgentRequest, { t: 'admit' }>, context: PeerContext): Promise<void> {
  const { directory } = findRegistered(context.home, request.instance);
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
    const { membership } = await client.call('mirror.admit', { mirror: request.mirror, member: request.member as Record<string, unknown> });
    channel.control({ t: 'admitted', membership } satisfies AgentReply);
  } finally {
    client.close();
  }
}
