import path from 'node:path';
import { agentMethods, agentTopics, instanceMethods, instanceTopics } from '../../engine/api/contract.ts';
import type { AgentMethods, InstanceMethods } from '../../engine/api/contract.ts';
import { GemelError } from '../../engine/api/errors.ts';
import { serveControl, Topic } from '../../engine/api/rpc/index.ts';
import type { ControlServer, Handlers } from '../../engine/api/rpc/index.ts';
import type { InstanceJob } from '../../engine/api/jobs.ts';
import type { InstanceStatus, MonitorSnapshot } from '../../engine/api/status.ts';

/** An agent's control socket that says what a test wants and writes down what it is asked. */
export interface ScriptedAgent {
  readonly inventory: Topic<InstanceStatus[]>;
  /** Methods called, with their parameters. */
  readonly asked: [string, unknown][];
  /** What a method does instead of refusing. */
  on<K extends keyof AgentMethods>(method: K, handler: Handlers<AgentMethods>[K]): void;
  close(): Promise<void>;
}

export interface ScriptedInstance {
  readonly monitor: Topic<MonitorSnapshot>;
  readonly asked: [string, unknown][];
  on<K extends keyof InstanceMethods>(method: K, handler: Handlers<InstanceMethods>[K]): void;
  close(): Promise<void>;
}

export async function scriptAgent(home: string, first: InstanceStatus[]): Promise<ScriptedAgent> {
  const inventory = new Topic<InstanceStatus[]>();
  inventory.publish(first);
  const { asked, handlers, on } = script(agentMethods);
  on('agent.status', () => ({
    state: 'running',
    pid: process.pid,
    version: '0.1.0',
    port: 2188,
    address: '127.0.0.1:2188',
    home,
    arbiterFor: [],
  }));
  const server = await serveControl(path.join(home, 'run', 'agent.sock'), {
    methods: agentMethods,
    topics: agentTopics,
    handlers: handlers as unknown as Handlers<AgentMethods>,
    sources: { inventory },
  });
  return { inventory, asked, on: on as ScriptedAgent['on'], close: () => server.close() };
}

export async function scriptInstance(directory: string, first: MonitorSnapshot): Promise<ScriptedInstance> {
  const monitor = new Topic<MonitorSnapshot>();
  monitor.publish(first);
  const { asked, handlers, on } = script(instanceMethods);
  const server: ControlServer = await serveControl(path.join(directory, 'run', 'control.sock'), {
    methods: instanceMethods,
    topics: instanceTopics,
    handlers: handlers as unknown as Handlers<InstanceMethods>,
    sources: { monitor, jobs: new Topic<InstanceJob[]>() },
  });
  return { monitor, asked, on: on as ScriptedInstance['on'], close: () => server.close() };
}

type AnyHandler = (params: unknown) => unknown;

function script(methods: object): {
  asked: [string, unknown][];
  handlers: Record<string, AnyHandler>;
  on(method: string, handler: unknown): void;
} {
  const asked: [string, unknown][] = [];
  const scripted = new Map<string, AnyHandler>();
  const handle =
    (name: string): AnyHandler =>
    (params) => {
      asked.push([name, params]);
      const handler = scripted.get(name);
      if (!handler) throw new GemelError('REFUSED', `The test did not expect ${name}.`);
      return handler(params);
    };
  return {
    asked,
    handlers: Object.fromEntries(Object.keys(methods).map((name) => [name, handle(name)])),
    on: (method, handler) => scripted.set(method, handler as AnyHandler),
  };
}
