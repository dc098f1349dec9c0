import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { GemelError } from '../../api/errors.ts';
import { connectInstance, type InstanceClient } from '../context.ts';
import { createAndStart, createMirror, joinAsync, joinMirror, startAgents, waitFor, waitReady, type AgentAddresses } from '../demo/pair.ts';
import { endWorld, makeWorld, until, type DemoNode, type DemoWorld } from '../demo/world.ts';
import type { LoadOptions } from './load.ts';

const MIRROR = 'BENCH';
const DATABASE = 'BENCH';
/** That of a real mirror: a busy machine must not look like a failed one. */
export const QOS_MS = 8000;

/** What the instance counts since its start. */
export interface Counts {
  readonly updates: number;
  readonly journalBytes: number;
}

/** A mirror of its own in a temporary folder: two instances, their agents, an arbiter, and the mirrored database BENCH. */
export class BenchPair {
  readonly #world: DemoWorld = makeWorld(fs.mkdtempSync(path.join(os.tmpdir(), 'gemel-bench-')));
  #agents: AgentAddresses = new Map();
  #webPort = 0;
  #pids: readonly [primary: number, backup: number] = [0, 0];
  /** Changes with each takeover. */
  #nodes: readonly [primary: DemoNode, backup: DemoNode] = [this.#world.nodes.one, this.#world.nodes.two];

  get root(): string {
    return this.#world.root;
  }

  get pids(): readonly [primary: number, backup: number] {
    return this.#pids;
  }

  async start(signal: AbortSignal): Promise<void> {
    const { one, two } = this.#world.nodes;
    const agents = await startAgents(this.#world);
    this.#agents = agents;
    for (const node of [one, two]) {
      signal.throwIfAborted();
      await createAndStart(node);
    }
    await createMirror(this.#world, agents, MIRROR, QOS_MS);
    await waitFor(one, signal, { [one.name]: 'Primary' });
    await joinMirror(this.#world, agents, MIRROR);
    await waitFor(one, signal, { [one.name]: 'Primary', [two.name]: 'Backup' });
    for (const node of [one, two]) await node.call('db.create', { name: DATABASE, mirrored: true });
    await this.#ready(this.#nodes, signal);
  }

  async #ready(nodes: readonly [primary: DemoNode, backup: DemoNode], signal: AbortSignal): Promise<void> {
    await waitReady(...nodes, signal);
    const [primary, backup] = [await nodes[0].call('instance.status', {}), await nodes[1].call('instance.status', {})];
    this.#nodes = nodes;
    this.#webPort = primary.webPort;
    this.#pids = [primary.pid ?? 0, backup.pid ?? 0];
  }

  /** The third node as a reporting member that has everything. */
  async joinReporting(signal: AbortSignal): Promise<DemoNode> {
    const { three } = this.#world.nodes;
    await joinAsync(this.#world, this.#agents, MIRROR, 'reporting-ro');
    await three.call('db.create', { name: DATABASE, mirrored: true });
    await this.inStep(three, signal);
    return three;
  }

  /** Waits until an async has received and dejournaled everything. */
  async inStep(node: DemoNode, signal: AbortSignal): Promise<void> {
    await until(`${node.name} is in step`, signal, async () => {
      const seen = (await node.mirror())?.members.find((each) => each.name === node.name);
      return { ok: seen?.status === 'Connected' && seen.journalTransfer === 'Caught up' && seen.dejournaling === 'Caught up', seen };
    });
  }

  /** Takes a member into the mirror that is made elsewhere; returns the membership. */
  async admit(member: Record<string, unknown>): Promise<unknown> {
    const { membership } = await this.#nodes[0].call('mirror.admit', { mirror: MIRROR, member });
    return membership;
  }

  /** Process id of the agent of the primary's host. */
  async agentOfPrimary(): Promise<number> {
    const { host } = this.#nodes[0];
    const { pid } = await host.agent('agent.status', {});
    if (pid === null) throw new GemelError('INTERNAL', `The agent of ${host.name} has no process.`);
    return pid;
  }

  /** Ports of the superservers. */
  get ports(): readonly [primary: number, backup: number] {
    return [this.#nodes[0].port, this.#nodes[1].port];
  }

  /** The former backup is primary now: starts the other member if it is down, and waits until it is an active backup. */
  async tookOver(signal: AbortSignal): Promise<void> {
    const [former, primary] = this.#nodes;
    const state = async (): Promise<string> =>
      (await former.host.agent('host.inventory', {})).find((each) => each.name === former.name)?.state ?? 'gone';
    await until(`${former.name} has ended or follows`, signal, async () => {
      const seen = [await state(), (await former.mirror())?.members.find((each) => each.name === former.name)?.status];
      return { ok: seen[0] === 'stopped' || seen[1] === 'Backup', seen };
    });
    if ((await state()) === 'stopped') await former.host.agent('instance.start', { name: former.name });
    await this.#ready([primary, former], signal);
  }

  /** Options of a load on the primary. */
  load(options: Partial<LoadOptions>): LoadOptions {
    return { ...options, port: this.#nodes[0].port, namespace: DATABASE };
  }

  /** A connection to the control socket of one of the two; whoever asks for it closes it. */
  connect(to: 'primary' | 'backup' = 'primary'): Promise<InstanceClient> {
    const node = this.#nodes[to === 'primary' ? 0 : 1];
    return connectInstance(node.host.home, node.name);
  }

  /** The primary's counts, from its web port. */
  async counts(): Promise<Counts> {
    const answer = await fetch(`http://127.0.0.1:${this.#webPort}/metrics`);
    const text = await answer.text();
    const count = (name: string): number => {
      const found = new RegExp(`^gemel_${name}_total (\\S+)$`, 'm').exec(text)?.[1];
      if (found === undefined) throw new GemelError('INTERNAL', `The web port of the primary does not tell ${name}.`);
      return Number(found);
    };
    return { updates: count('updates'), journalBytes: count('journal_written_bytes') };
  }

  /** Whether the mirror is as it was made: a failover during a measurement would make it worthless. */
  async check(signal: AbortSignal): Promise<void> {
    const [primary, backup] = this.#nodes;
    await waitFor(primary, signal, { [primary.name]: 'Primary', [backup.name]: 'Backup' });
  }

  /** Ends every process and removes everything. */
  async end(): Promise<void> {
    await endWorld(this.#world);
  }
}
