import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { connectAgent, startAgent, stopAgent, type AgentClient } from '../../agent/start.ts';
import { GemelError } from '../../api/errors.ts';
import type { AgentMethods, InstanceMethods, Params, Result } from '../../api/contract.ts';
import type { MirrorStatus } from '../../api/status.ts';
import { anyFreePort, forceDown, homePaths, instancePaths, listRegistered, probeLock } from '../../instance/host.ts';
import { connectInstance } from '../context.ts';
import { Shell } from '../shell/shell.ts';

/** Longest wait for anything in the demo: a takeover is a matter of seconds. */
const WAIT_MS = 60_000;
const POLL_MS = 100;
const CALL_TIMEOUT_MS = 60_000;

/** One host of the demo: a host root of its own on this computer, with an agent and perhaps an instance. */
export class DemoHost {
  readonly name: string;
  readonly home: string;
  #agent: AgentClient | undefined;

  constructor(root: string, name: string) {
    this.name = name;
    this.home = path.join(root, name);
  }

  /** Starts the agent on a free port; returns its address. */
  async startAgent(): Promise<string> {
    await startAgent(this.home, { port: await anyFreePort() });
    const { address } = await this.agent('agent.status', {});
    if (address === null) throw new GemelError('INTERNAL', `The agent of ${this.name} has no address.`);
    return address;
  }

  async agent<K extends keyof AgentMethods & string>(method: K, params: Params<AgentMethods, K>): Promise<Result<AgentMethods, K>> {
    this.#agent ??= await connectAgent(this.home);
    return this.#agent.call(method, params, CALL_TIMEOUT_MS);
  }

  /** Lets go of the agent's connection, which would keep this process alive. What runs on the host goes on. */
  leave(): void {
    this.#agent?.close();
    this.#agent = undefined;
  }

  /** Ends whatever of this host still runs. */
  async end(): Promise<void> {
    this.leave();
    for (const { directory } of listRegistered(this.home)) {
      if (probeLock(instancePaths(directory).run).held) await forceDown(directory);
    }
    if (probeLock(homePaths(this.home).run).held) await stopAgent(this.home);
  }
}

/** An instance on one of the hosts. */
export class DemoNode {
  readonly host: DemoHost;
  readonly name: string;
  port = 0;

  constructor(host: DemoHost, name: string) {
    this.host = host;
    this.name = name;
  }

  async call<K extends keyof InstanceMethods & string>(method: K, params: Params<InstanceMethods, K>): Promise<Result<InstanceMethods, K>> {
    const client = await connectInstance(this.host.home, this.name, CALL_TIMEOUT_MS);
    try {
      return await client.call(method, params);
    } finally {
      client.close();
    }
  }

  /** What a terminal opened in namespace DB shows for one line: its output, or `<CODE>`. */
  async shell(line: string): Promise<string> {
    let output = '';
    const shell = await Shell.open({ host: '127.0.0.1', port: this.port, namespace: 'DB' }, (text) => (output += text));
    try {
      const { error } = await shell.run(line);
      return error === undefined ? output.trimEnd() : `<${error.code}>`;
    } finally {
      shell.close();
    }
  }

  /** The mirror as this member sees it; undefined while it cannot say. */
  async mirror(): Promise<MirrorStatus | undefined> {
    try {
      return await this.call('mirror.status', {});
    } catch (error) {
      if (error instanceof GemelError) return undefined;
      throw error;
    }
  }
}

/** Everything of one demo. */
export interface DemoWorld {
  readonly root: string;
  /** `three` is that of the async member; its agent does not run in worlds without one. */
  readonly hosts: { readonly one: DemoHost; readonly two: DemoHost; readonly three: DemoHost; readonly arbiter: DemoHost };
  readonly nodes: { readonly one: DemoNode; readonly two: DemoNode; readonly three: DemoNode };
}

/** @param root an empty directory for it; one in the temp folder when left out */
export function makeWorld(root = fs.mkdtempSync(path.join(os.tmpdir(), 'gemel-demo-'))): DemoWorld {
  const hosts = {
    one: new DemoHost(root, 'host-1'),
    two: new DemoHost(root, 'host-2'),
    three: new DemoHost(root, 'host-3'),
    arbiter: new DemoHost(root, 'arbiter'),
  };
  const nodes = { one: new DemoNode(hosts.one, 'NODE1'), two: new DemoNode(hosts.two, 'NODE2'), three: new DemoNode(hosts.three, 'NODE3') };
  return { root, hosts, nodes };
}

/** Lets go of a demo that goes on by itself. */
export function leaveWorld({ hosts }: DemoWorld): void {
  for (const host of Object.values(hosts)) host.leave();
}

/** Ends every process of the demo and removes its files. */
export async function endWorld({ root, hosts }: DemoWorld): Promise<void> {
  for (const host of Object.values(hosts)) await host.end();
  fs.rmSync(root, { recursive: true, force: true });
}

/** Waits until `look` sees what is wanted; what it saw last goes into the error. Throws TIMEOUT, or the reason of an abort. */
export async function until<T>(
  wanted: string,
  signal: AbortSignal,
  look: () => Promise<{ ok: boolean; seen: T }>,
  pollMs = POLL_MS,
): Promise<T> {
  const end = Date.now() + WAIT_MS;
  for (;;) {
    signal.throwIfAborted();
    const { ok, seen } = await look();
    if (ok) return seen;
    if (Date.now() > end)
      throw new GemelError('TIMEOUT', `Waited ${WAIT_MS / 1000} s in vain for this: ${wanted}. Seen last: ${JSON.stringify(seen)}.`);
    await new Promise((resolve) => setTimeout(resolve, pollMs));
  }
}

/** Throws REFUSED with what was seen when something is not as it should be. */
export function expect(condition: boolean, wanted: string, seen: unknown): void {
  if (!condition) throw new GemelError('REFUSED', `Expected that ${wanted}. Seen: ${JSON.stringify(seen)}.`);
}
