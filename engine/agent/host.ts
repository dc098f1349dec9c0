import fs from 'node:fs';
import { parseArgs } from 'node:util';
import { agentMethods, agentTopics, type Admitted, type AgentMethods } from '../api/contract.ts';
import { GemelError } from '../api/errors.ts';
import { serveControl, type ControlServer, type Handlers } from '../api/rpc/index.ts';
import type { AgentStatus, InstanceStatus } from '../api/status.ts';
import { VERSION } from '../api/version.ts';
import {
  acquireLock,
  createInstance,
  defaultHome,
  deleteInstance,
  findRegistered,
  homePaths,
  instancePaths,
  inventory,
  MessageLog,
  messagesFile,
  readLog,
  startInstance,
  stopInstance,
  tellParent,
  type Log,
} from '../instance/host.ts';
import { realClock } from '../io/index.ts';
import { realNet, type Net } from '../io/net.ts';
import type { AgentRequest } from '../mirror/index.ts';
import { admit } from './admit.ts';
import { hostedAt, type Hosted } from './hosted.ts';
import { InventoryWatch } from './inventory-watch.ts';
import { readAgentSettings, writeAgentSettings } from './settings.ts';

/** What the agent's side towards other hosts gets. */
export interface PeerContext {
  /** Address to listen on. */
  readonly host: string;
  /** 0: any free port. */
  readonly port: number;
  readonly net: Net;
  readonly hosted: Hosted;
  readonly log: Log;
  /** A member that wants to join asks an instance of this host. */
  readonly admit: (request: Extract<AgentRequest, { t: 'admit' }>) => Promise<Admitted>;
  /** Every instance of this host, as it is now. */
  readonly inventory: () => Promise<InstanceStatus[]>;
}

/** The agent's side towards other hosts: arbiter and failover questions on TCP. */
export interface Peer {
  /** Where it listens. */
  readonly host: string;
  readonly port: number;
  /** Mirrors this agent is arbiter for now. */
  arbiterFor(): string[];
  close(): Promise<void>;
}

/** Throws PORT_IN_USE, RIGHTS. */
export type StartPeer = (context: PeerContext) => Promise<Peer>;

/** The agent's process: one on each host root. Lives until it is told to stop. */
export async function runAgentProcess(argv: readonly string[], startPeer: StartPeer): Promise<void> {
  try {
    parseArgs({ args: [...argv], options: {} });
    const paths = homePaths(defaultHome());
    for (const each of [paths.home, paths.registry]) fs.mkdirSync(each, { recursive: true, mode: 0o700 });
    const lock = acquireLock(paths.run, 'agent');
    const settings = readAgentSettings(paths.agentSettings);
    const severityMin = Math.min(3, settings['logging.minimum_severity']) as 0 | 1 | 2 | 3;
    const { write: log } = new MessageLog(paths.agentLog, undefined, { clock: realClock, severityMin });
    const agent = new Agent(paths.home, log, async () => {
      lock.setPhase('stopping');
      log(0, 'The agent is stopped.');
      lock.release();
      process.exit(0);
    });
    await agent.start(startPeer);
    lock.setPhase('running');
    await tellParent({ ready: true });
  } catch (error) {
    await tellParent({ failed: error });
    console.error(error instanceof GemelError ? error.message : error);
    process.exit(1);
  }
}

class Agent {
  readonly #home: string;
  readonly #log: Log;
  readonly #ended: () => Promise<void>;
  readonly #watch: InventoryWatch;
  #peer: Peer | undefined;
  #server: ControlServer | undefined;
  #stopping = false;

  constructor(home: string, log: Log, ended: () => Promise<void>) {
    this.#home = home;
    this.#log = log;
    this.#ended = ended;
    this.#watch = new InventoryWatch(home, realClock, log);
  }

  async start(startPeer: StartPeer): Promise<void> {
    this.#handleSignals();
    const paths = homePaths(this.#home);
    const settings = readAgentSettings(paths.agentSettings);
    const host = settings['application_server.interface_address'];
    const port = settings['application_server.port'];
    const peer = await startPeer({
      host,
      port,
      net: realNet,
      hosted: hostedAt(this.#home),
      log: this.#log,
      admit: (request) => admit(this.#home, request),
      inventory: () => inventory(this.#home),
    });
    // The others know this agent by its port: a chosen one must stay.
    if (peer.port !== port) writeAgentSettings(paths.agentSettings, { ...settings, 'application_server.port': peer.port });
    this.#peer = peer;
    this.#server = await serveControl(paths.agentSocket, {
      methods: agentMethods,
      handlers: this.#handlers(),
      topics: agentTopics,
      sources: { inventory: this.#watch },
      onFault: (error) => this.#log(2, `A management call failed inside: ${describe(error)}`),
    });
    this.#log(0, `The agent (Gemel ${VERSION}) is started on ${peer.host}:${peer.port}.`);
  }

  #handlers(): Handlers<AgentMethods> {
    const home = this.#home;
    const refreshed = async <T>(act: () => T | Promise<T>): Promise<T> => {
      try {
        return await act();
      } finally {
        this.#watch.refresh();
      }
    };
    return {
      'agent.status': () => this.#status(),
      'agent.stop': () => this.#stopSoon('asked to.'),
      'host.inventory': () => inventory(home),
      'instance.create': (params) => refreshed(() => createInstance(home, params)),
      'instance.start': ({ name }) => refreshed(() => startInstance(home, name)),
      'instance.stop': ({ name, ...options }) => refreshed(() => stopInstance(home, name, options)),
      'instance.delete': ({ name }) => refreshed(() => deleteInstance(home, name)),
      'log.read': ({ instance, ...range }) =>
        readLog(
          instance === undefined ? homePaths(home).agentLog : messagesFile(instancePaths(findRegistered(home, instance).directory).mgr),
          range,
        ),
    };
  }

  #status(): AgentStatus {
    const peer = this.#peer;
    return {
      state: 'running',
      pid: process.pid,
      version: VERSION,
      port: peer?.port ?? null,
      address: peer === undefined ? null : `${peer.host}:${peer.port}`,
      home: this.#home,
      arbiterFor: peer?.arbiterFor() ?? [],
    };
  }

  #stopSoon(reason: string): { message: string } {
    if (!this.#stopping) {
      this.#stopping = true;
      this.#log(0, `The agent is stopping: ${reason}`);
      // After the answer has gone out.
      setImmediate(() => void this.#stop().catch((error: unknown) => this.#fail(error)));
    }
    return { message: 'The agent is stopping. The instances of this host go on.' };
  }

  async #stop(): Promise<void> {
    await this.#peer?.close();
    this.#watch.close();
    await this.#server?.close();
    await this.#ended();
  }

  #fail(error: unknown): void {
    this.#log(3, `The agent ends at once: ${describe(error)}`);
    process.exit(70);
  }

  #handleSignals(): void {
    process.on('SIGTERM', () => this.#stopSoon('SIGTERM.'));
    process.on('SIGINT', () => this.#stopSoon('SIGINT.'));
    process.on('SIGHUP', () => undefined);
    process.on('uncaughtException', (error) => this.#fail(error));
    process.on('unhandledRejection', (error) => this.#fail(error));
  }
}

function describe(error: unknown): string {
  if (error instanceof GemelError) return error.message;
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}
