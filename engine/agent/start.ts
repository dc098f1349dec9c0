import { agentMethods, agentTopics } from '../api/contract.ts';
import { GemelError } from '../api/errors.ts';
import { connectControl, type ControlClient } from '../api/rpc/index.ts';
import { homePaths, lockFree, probeLock, processEntry, spawnDetached } from '../instance/host.ts';
import { realFiles } from '../io/index.ts';
import { readAgentSettings, writeAgentSettings } from './settings.ts';

export type AgentClient = ControlClient<typeof agentMethods, typeof agentTopics>;

export interface StartAgentOptions {
  /** Written into iscagent.conf; 0 takes any free port and keeps it. */
  readonly port?: number | undefined;
  /** Address to listen on, written into iscagent.conf. */
  readonly listen?: string | undefined;
  /** For tests: another program than the agent's own. */
  readonly entry?: string;
}

/** Starts the host's agent and waits until it answers. Throws RUNNING, PORT_IN_USE, or whatever kept it from starting. */
export async function startAgent(home: string, options: StartAgentOptions = {}): Promise<void> {
  const paths = homePaths(home);
  const lock = probeLock(paths.run);
  if (lock.held) {
    throw new GemelError(
      'RUNNING',
      `The agent of ${paths.home} is running${lock.holder === null ? '' : ` as process ${lock.holder.pid}`}.`,
      'It was left alone.',
    );
  }
  if (options.port !== undefined || options.listen !== undefined) configure(home, options);
  await spawnDetached({
    entry: options.entry ?? processEntry('agent'),
    args: [],
    home: paths.home,
    output: paths.agentOutput,
    what: 'The agent',
  });
}

/** Connects to the host's agent. Throws NOT_RUNNING when there is none. */
export async function connectAgent(home: string): Promise<AgentClient> {
  try {
    return await connectControl(homePaths(home).agentSocket, agentMethods, agentTopics);
  } catch (error) {
    if (!(error instanceof GemelError) || error.code !== 'UNREACHABLE') throw error;
    throw new GemelError('NOT_RUNNING', `The agent of ${homePaths(home).home} is not running.`, '', 'Start it: gemel agent start');
  }
}

function configure(home: string, { port, listen }: StartAgentOptions): void {
  const file = homePaths(home).agentSettings;
  realFiles.makeDirectory(homePaths(home).home);
  const settings = readAgentSettings(file);
  writeAgentSettings(file, {
    ...settings,
    ...(port === undefined ? {} : { 'application_server.port': port }),
    ...(listen === undefined ? {} : { 'application_server.interface_address': listen }),
  });
}

const STOP_TIMEOUT_MS = 30_000;

/** Stops the host's agent and waits until its process has ended. Throws NOT_RUNNING, TIMEOUT. */
export async function stopAgent(home: string): Promise<void> {
  const client = await connectAgent(home);
  try {
    await client.call('agent.stop', {});
  } finally {
    client.close();
  }
  await lockFree(
    homePaths(home).run,
    STOP_TIMEOUT_MS,
    () => new GemelError('TIMEOUT', 'The agent has not ended yet.', 'It goes on stopping.', 'Look at its agent.log.'),
  );
}
