import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { connectAgent, startAgent } from '../../engine/agent/start.ts';
import { instanceMethods, instanceTopics, type InstanceMethods, type Params, type Result } from '../../engine/api/contract.ts';
import { GemelError } from '../../engine/api/errors.ts';
import { connectControl, type ControlClient } from '../../engine/api/rpc/index.ts';
import type { MirrorStatus, MonitorSnapshot } from '../../engine/api/status.ts';
import {
  createInstance,
  forceDown,
  instancePaths,
  listRegistered,
  probeLock,
  provenHolder,
  startInstance,
  stopInstance,
} from '../../engine/instance/host.ts';
import { stopAgent } from '../stop-agent.ts';
import { portOfTest } from './ports.ts';
import { programs } from './programs.ts';
import { until, WAIT_MS } from './until.ts';

/** Calls may lead through a hand-over; joining and creating wait for a role. */
const CALL_TIMEOUT_MS = 60_000;

export type InstanceControl = ControlClient<typeof instanceMethods, typeof instanceTopics>;

/** An instance with a host root of its own (agent included) on this computer. */
export class TestMember {
  readonly home: string;
  /** Name of the instance, and of the mirror member. */
  readonly name: string;
  /** Of the superserver. */
  port = 0;
  /** HOST:PORT of the host's agent. */
  agentAddress = '';

  constructor(home: string, name: string) {
    this.home = home;
    this.name = name;
  }

  get directory(): string {
    return path.join(this.home, 'instances', this.name);
  }

  /** Process id of the running instance. Throws when it does not run. */
  pid(): number {
    const holder = this.#holder();
    if (holder === null) throw new Error(`${this.name} does not run`);
    return holder.pid;
  }

  get running(): boolean {
    return this.#holder() !== null;
  }

  /** The instance's process. An agent that answers for it holds the lock for a moment, too. */
  #holder(): { pid: number } | null {
    const holder = provenHolder(instancePaths(this.directory).run);
    return holder?.purpose === 'instance' ? holder : null;
  }

  async create(): Promise<void> {
    this.port = await portOfTest();
    await createInstance(this.home, { name: this.name, superserverPort: this.port, webPort: await portOfTest() });
  }

  async startAgent(): Promise<void> {
    this.agentAddress = await startTestAgent(this.home);
  }

  async start(): Promise<void> {
    await startInstance(this.home, this.name, { entry: programs.instance });
  }

  /** Ends in order: a primary hands over. */
  async stop(options: { nofailover?: boolean } = {}): Promise<void> {
    await stopInstance(this.home, this.name, options);
  }

  /** SIGKILL; resolves when the process is gone. */
  async kill(): Promise<void> {
    await forceDown(this.directory);
  }

  /** A connection to the control socket; whoever asks for it closes it. */
  control(): Promise<InstanceControl> {
    return connectControl(instancePaths(this.directory).control, instanceMethods, instanceTopics, { timeoutMs: CALL_TIMEOUT_MS });
  }

  async call<K extends keyof InstanceMethods & string>(method: K, params: Params<InstanceMethods, K>): Promise<Result<InstanceMethods, K>> {
    const client = await this.control();
    try {
      return await client.call(method, params);
    } finally {
      client.close();
    }
  }

  /** The mirror as this member sees it; undefined while it cannot say. */
  async status(): Promise<MirrorStatus | undefined> {
    try {
      return await this.call('mirror.status', {});
    } catch (error) {
      if (error instanceof GemelError) return undefined;
      throw error;
    }
  }

  /** Resolves with the first picture of the running instance that fits, from its subscription. */
  async waitFor(wanted: string, fits: (snapshot: MonitorSnapshot) => boolean): Promise<MonitorSnapshot> {
    const client = await this.control();
    let last: MonitorSnapshot | undefined;
    const found = Promise.withResolvers<MonitorSnapshot>();
    const timer = setTimeout(
      () => found.reject(new Error(`${this.name}: waited in vain for: ${wanted}. Seen last: ${JSON.stringify(last?.mirror)}`)),
      WAIT_MS,
    );
    client.onClose(() => found.reject(new Error(`${this.name} ended while the test waited for: ${wanted}`)));
    client.subscribe('monitor', (snapshot) => {
      last = snapshot;
      if (fits(snapshot)) found.resolve(snapshot);
    });
    try {
      return await found.promise;
    } finally {
      clearTimeout(timer);
      client.close();
    }
  }

  /** Waits until members have these statuses in this member's eyes; asks again while it cannot say. */
  async sees(wanted: Readonly<Record<string, string>>): Promise<MirrorStatus> {
    let seen: MirrorStatus | undefined;
    return until(
      `${this.name} sees ${JSON.stringify(wanted)}`,
      async () => {
        seen = await this.status();
        return seen !== undefined &&
          Object.entries(wanted).every(([name, status]) => seen?.members.some((m) => m.name === name && m.status === status))
          ? seen
          : false;
      },
      () => seen?.members.map(({ name, status, journalTransfer, dejournaling }) => ({ name, status, journalTransfer, dejournaling })),
    );
  }

  /** Text of messages.log. */
  messages(): string {
    return fs.readFileSync(path.join(instancePaths(this.directory).mgr, 'messages.log'), 'utf8');
  }
}

export interface PairOptions {
  /** Default 2000. */
  readonly qosMs?: number;
  /** Default true: an agent on a host of its own is the arbiter. */
  readonly arbiter?: boolean;
  /** Default true: the second member has joined. Else it runs, with its agent, and is in no mirror yet. */
  readonly second?: boolean;
  /** Names of mirrored databases (with a namespace of the same name) made on both. Default DB. */
  readonly databases?: readonly string[];
}

/** Two failover members of the mirror TEST, each with its agent, and perhaps an arbiter. */
export interface Pair {
  readonly mirror: 'TEST';
  readonly root: string;
  /** Created first: the first primary. */
  readonly a: TestMember;
  readonly b: TestMember;
  readonly arbiterHome: string | null;
  readonly arbiterAddress: string | null;
  /** Waits until `primary` is primary, the other its active backup, and the arbiter (if there is one) in control. */
  ready(primary?: TestMember): Promise<void>;
  other(member: TestMember): TestMember;
  /** Ends every process and deletes everything. */
  stop(): Promise<void>;
}

/** Starts an agent on a free port; returns its address. */
export async function startTestAgent(home: string): Promise<string> {
  await startAgent(home, { port: await portOfTest(), entry: programs.agent });
  const client = await connectAgent(home);
  try {
    const { address } = await client.call('agent.status', {});
    if (address === null) throw new Error(`the agent of ${home} has no address`);
    return address;
  } finally {
    client.close();
  }
}

/** Makes both members and waits until a failover would work. On failure everything is ended and deleted. */
export async function makePair(options: PairOptions = {}): Promise<Pair> {
  const pair = newPair(options.arbiter ?? true);
  try {
    const arbiter = pair.arbiterHome === null ? null : await startTestAgent(pair.arbiterHome);
    const made = { ...pair, arbiterAddress: arbiter };
    await Promise.all([pair.a, pair.b].map(bringUp));
    const second = options.second ?? true;
    await formMirror(made, options.qosMs ?? 2000);
    if (second) await joinSecond(made);
    for (const name of options.databases ?? ['DB'])
      for (const member of second ? [pair.a, pair.b] : [pair.a]) await member.call('db.create', { name, mirrored: true });
    if (second) await made.ready();
    return made;
  } catch (error) {
    await pair.stop();
    throw error;
  }
}

function newPair(hasArbiter: boolean): Pair {
  const root = fs.mkdtempSync(path.join(os.tmpdir(), 'gemel-pair-'));
  const a = new TestMember(path.join(root, 'a'), 'A');
  const b = new TestMember(path.join(root, 'b'), 'B');
  const arbiterHome = hasArbiter ? path.join(root, 'arbiter') : null;
  const other = (member: TestMember): TestMember => (member === a ? b : a);
  return {
    mirror: 'TEST',
    root,
    a,
    b,
    arbiterHome,
    arbiterAddress: null,
    other,
    ready: (primary = a) => ready(primary, other(primary), hasArbiter),
    stop: () => endHomes(root),
  };
}

async function bringUp(member: TestMember): Promise<void> {
  await member.startAgent();
  await member.create();
  await member.start();
}

async function formMirror({ a, mirror, arbiterAddress }: Pair, qosMs: number): Promise<void> {
  const arbiter = arbiterAddress === null ? {} : { arbiter: arbiterAddress, arbiterOnMemberHost: true };
  await a.call('mirror.create', { name: mirror, member: a.name, qosMs, agentAddress: a.agentAddress, ...arbiter });
  await a.sees({ [a.name]: 'Primary' });
}

async function joinSecond({ a, b, mirror }: Pair): Promise<void> {
  await b.call('mirror.join', { mirror, as: 'failover', member: b.name, agent: a.agentAddress, via: a.name, agentAddress: b.agentAddress });
  await a.sees({ [a.name]: 'Primary', [b.name]: 'Backup' });
}

async function ready(primary: TestMember, backup: TestMember, hasArbiter: boolean): Promise<void> {
  let seen: MirrorStatus | undefined;
  await until(
    `${primary.name} is primary, ${backup.name} active`,
    async () => {
      seen = await primary.status();
      if (seen === undefined || (hasArbiter && seen.arbiter.failoverMode !== 'Arbiter Controlled')) return false;
      return isActive(seen, primary.name, backup.name);
    },
    () => seen,
  );
}

/** Whether a member sees these two at work: one as primary, the other as its active backup. */
export function isActive({ members }: MirrorStatus, primary: string, backup: string): boolean {
  const is = (name: string, status: string): boolean => members.some((m) => m.name === name && m.status === status);
  return is(primary, 'Primary') && is(backup, 'Backup') && members.some((m) => m.name === backup && m.journalTransfer === 'Active');
}

/** Ends every process below the host roots in `root` and deletes it. */
export async function endHomes(root: string): Promise<void> {
  await endProcesses(root);
  fs.rmSync(root, { recursive: true, force: true });
}

/** Ends every process below the host roots in `root`, stopped ones too. */
export async function endProcesses(root: string): Promise<void> {
  for (const entry of fs.existsSync(root) ? fs.readdirSync(root) : []) {
    const home = path.join(root, entry);
    for (const { directory } of listRegistered(home)) await endInstance(directory);
    if (fs.existsSync(path.join(home, 'run'))) await stopAgent(home);
  }
}

async function endInstance(directory: string): Promise<void> {
  if (!probeLock(instancePaths(directory).run).held) return;
  try {
    await forceDown(directory);
  } catch (error) {
    // An agent held the lock for a moment, to answer for it.
    if (!(error instanceof GemelError) || error.code !== 'NOT_RUNNING') throw error;
  }
}
