import type { Command } from 'commander';
import type { AgentStatus } from '../../api/status.ts';
import { VERSION } from '../../api/version.ts';
import { connectAgent, startAgent, stopAgent } from '../../agent/start.ts';
import { readAgentSettings } from '../../agent/settings.ts';
import { GemelError } from '../../api/errors.ts';
import { homePaths, listenAddress, probeLock } from '../../instance/host.ts';
import { command, show, type Context, type JsonOption } from '../context.ts';
import { fields } from '../output.ts';
import { portNumber } from './instance.ts';

interface StartFlags extends JsonOption {
  readonly port?: number;
  readonly listen?: string;
}

export function addAgentCommands(program: Command, context: Context): void {
  const { home } = context;
  const agent = program.command('agent').description('the agent of this host (GEMEL_HOME chooses which); also the arbiter of mirrors');

  command(agent, 'start', 'start the agent and wait until it answers')
    .option('--port <port>', 'port for other hosts, kept in iscagent.conf (default 2188; 0: any free one)', portNumber)
    .option('--listen <address>', 'address to listen on, kept in iscagent.conf (default 127.0.0.1)')
    .action(async ({ port, listen, ...options }: StartFlags) => {
      await startAgent(home, { port, listen: listen === undefined ? undefined : await listenAddress(listen) });
      show(context, options, await agentStatus(home), (a) => `The agent is running as process ${a.pid} on ${a.address}.\n`);
    });

  command(agent, 'stop', 'stop the agent; the instances go on').action(async (options: JsonOption) => {
    await stopAgent(home);
    show(context, options, await agentStatus(home), () => 'The agent is stopped. The instances of this host go on.\n');
  });

  command(agent, 'restart', 'stop the agent if it runs, and start it').action(async (options: JsonOption) => {
    if (probeLock(homePaths(home).run).held) await stopAgent(home);
    await startAgent(home);
    show(context, options, await agentStatus(home), (a) => `The agent is running as process ${a.pid} on ${a.address}.\n`);
  });

  command(agent, 'status', 'how the agent is').action(async (options: JsonOption) => {
    show(context, options, await agentStatus(home), (a) =>
      fields([
        ['Agent', a.state],
        ['Process', a.pid],
        ['Address', a.address],
        ['Home', a.home],
        ['Version', a.version],
        ['Arbiter for', a.arbiterFor.length === 0 ? '-' : a.arbiterFor.join(', ')],
      ]),
    );
  });
}

async function agentStatus(home: string): Promise<AgentStatus> {
  try {
    const client = await connectAgent(home);
    try {
      return await client.call('agent.status', {});
    } finally {
      client.close();
    }
  } catch (error) {
    if (!(error instanceof GemelError) || error.code !== 'NOT_RUNNING') throw error;
    const paths = homePaths(home);
    const settings = readAgentSettings(paths.agentSettings);
    return {
      state: 'stopped',
      pid: null,
      version: VERSION,
      port: settings['application_server.port'],
      address: null,
      home: paths.home,
      arbiterFor: [],
    };
  }
}
