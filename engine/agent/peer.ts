import { GemelError } from '../api/errors.ts';
import { errorCode } from '../io/error-code.ts';
import type { Connection, Listener } from '../io/net.ts';
import { AgentRequest, Channel, decodeControl, kinds, serveJournal, type AgentReply } from '../mirror/index.ts';
import { Arbiter } from './arbiter.ts';
import type { Peer, PeerContext } from './host.ts';
import { adoptFor, answerFor } from './answers.ts';
import { journalToServe, membershipFor } from './members.ts';

const FIRST_MESSAGE_MS = 10_000;

/** The agent's side towards other hosts: questions about its instances, their journal, joining, and the arbiter's part. */
export async function startPeer(context: PeerContext): Promise<Peer> {
  const { clock } = context.hosted.io;
  const arbiter = new Arbiter(clock, context.log);
  const channels = new Set<Channel>();
  const take = (connection: Connection): void => {
    const channel = new Channel(connection, false, () => clock.monotonicMs());
    channels.add(channel);
    serve(channel, context, arbiter, () => channels.delete(channel));
  };
  let listener: Listener;
  try {
    listener = await context.net.listen(context.host, context.port, take);
  } catch (error) {
    throw listenError(error, context.host, context.port);
  }
  return {
    host: context.host,
    port: listener.port,
    arbiterFor: () => arbiter.names(),
    close: async () => {
      arbiter.close();
      const closed = listener.close();
      for (const channel of channels) channel.close('the agent stops');
      await closed;
    },
  };
}

function listenError(error: unknown, host: string, port: number): GemelError {
  const code = errorCode(error);
  if (code === 'EADDRINUSE')
    return new GemelError(
      'PORT_IN_USE',
      `The agent's port ${port} on ${host} is in use.`,
      'The agent was not started.',
      'Stop what uses it, or give another port: gemel agent start --port N',
    );
  if (code === 'EACCES')
    return new GemelError('RIGHTS', `The agent may not listen on port ${port}.`, 'The agent was not started.', 'Choose a port above 1023.');
  return new GemelError(
    'IO',
    `The agent cannot listen on ${host}:${port}: ${error instanceof Error ? error.message : String(error)}.`,
    'The agent was not started.',
    'Check the address in iscagent.conf.',
  );
}

/** The first message says what a connection is for. */
function serve(channel: Channel, context: PeerContext, arbiter: Arbiter, gone: () => void): void {
  const timer = context.hosted.io.clock.timer(FIRST_MESSAGE_MS, () => channel.close('no question'));
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
      const said = await answerFor(context, request);
      if (said.grant !== null)
        context.log(2, `[GRANT_GIVEN] The instance that is member ${request.member} will not be primary before ${request.asker} has been.`);
      const membership = membershipFor(context.hosted, request);
      channel.control({ t: 'answer', answer: said, ...(membership === null ? {} : { membership }) } satisfies AgentReply);
      return;
    }
    case 'adopt': {
      const refused = await adoptFor(context, request);
      channel.control({ t: 'adopted', refused } satisfies AgentReply);
      return;
    }
    case 'fetch':
      return serveJournal(channel, await journalToServe(context.hosted, request));
    case 'fetch-from':
      throw new GemelError('USAGE', 'Ask for a journal first.');
    case 'arbiter':
      return arbiter.attend(channel, request);
    case 'admit': {
      channel.control({ t: 'admitted', ...(await context.admit(request)) } satisfies AgentReply);
      return;
    }
  }
}
