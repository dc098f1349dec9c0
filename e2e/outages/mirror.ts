import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { connectAgent } from '../../engine/agent/start.ts';
import type { MirrorStatus } from '../../engine/api/status.ts';
import { endProcesses, isActive } from '../support/pair.ts';
import { sameDatabases } from '../support/acknowledged.ts';
import { until } from '../support/until.ts';
import { Client } from './client.ts';
import type { TestDisk } from './disk.ts';
import { History, now } from './history.ts';
import { Host } from './host.ts';
import { Network } from './network.ts';

/** What two busy processors may add to any time that the documents state. */
const SLACK_MS = 4000;
/** Between looks at a status that is to stay. */
const LOOK_MS = 25;

export interface OutageOptions {
  readonly qosMs: number;
  /** Default true. */
  readonly arbiter?: boolean;
  /** Addresses that members reach each other at, where they are not the hosts' own. */
  readonly privateAddress?: (member: Host) => string;
  /** Done before the instances start. */
  readonly prepare?: (members: readonly Host[]) => Promise<void>;
  /** Disks of a member's own. */
  readonly disks?: (member: Host) => readonly TestDisk[];
}

/** By member asked: the statuses it gives, by member. */
type Statuses = Readonly<Record<string, Readonly<Record<string, string>>>>;

/** Two failover members and an arbiter, each on a host of its own, and an application on either member's host. */
export class OutageMirror {
  readonly root = fs.mkdtempSync(path.join(os.tmpdir(), 'gemel-outage-'));
  readonly network = Network.create(['a', 'b', 'arbiter', 'spare']);
  readonly a: Host;
  readonly b: Host;
  readonly arbiter: Host;
  /** A host that agents can be started on. */
  readonly spare: Host;
  readonly qosMs: number;
  readonly history = new History();
  readonly clients: readonly Client[];
  readonly #options: OutageOptions;
  readonly #mounted: TestDisk[] = [];
  /** When the outage began, on the clients' clock. */
  #began = 0;

  private constructor(options: OutageOptions) {
    this.#options = options;
    this.qosMs = options.qosMs;
    const [a, b, arbiter, spare] = this.network.computers.map((each) => new Host(path.join(this.root, each.name), each)) as [
      Host,
      Host,
      Host,
      Host,
    ];
    [this.a, this.b, this.arbiter, this.spare] = [a, b, arbiter, spare];
    this.clients = [a, b].map((host) => new Client(host, this.history));
  }

  static async make(options: OutageOptions): Promise<OutageMirror> {
    const mirror = new OutageMirror(options);
    try {
      await mirror.#bringUp();
      return mirror;
    } catch (error) {
      await mirror.remove();
      throw error;
    }
  }

  get #hasArbiter(): boolean {
    return this.#options.arbiter ?? true;
  }

  get #members(): readonly [Host, Host] {
    return [this.a, this.b];
  }

  /** The application on that member's host. */
  clientOf(member: Host): Client {
    const client = this.clients[this.#members.indexOf(member)];
    if (client === undefined) throw new Error(`${member.name} is no member`);
    return client;
  }

  other(member: Host): Host {
    return member === this.a ? this.b : this.a;
  }

  async #bringUp(): Promise<void> {
    const { a, b } = this;
    await this.#options.prepare?.(this.#members);
    await Promise.all([
      ...this.#members.map(async (member) => {
        await member.startAgent();
        await member.create();
        this.#mount(member);
        await member.start();
      }),
      ...(this.#hasArbiter ? [this.arbiter.startAgent()] : []),
    ]);
    const reached = (member: Host): string[] => {
      const address = this.#options.privateAddress?.(member);
      return ['--member', member.name, ...(address === undefined ? [] : ['--private-address', address])];
    };
    const arbiter = this.#hasArbiter ? ['--arbiter', this.arbiter.agentAddress] : [];
    await a.gemel('mirror', 'create', 'A', '--name', 'OUTAGE', '--qos', String(this.qosMs), ...reached(a), ...arbiter);
    await a.sees({ A: 'Primary' });
    await b.gemel('mirror', 'join', 'B', '--mirror', 'OUTAGE', '--as', 'failover', '--agent', a.agentAddress, '--via', 'A', ...reached(b));
    await a.sees({ A: 'Primary', B: 'Backup' });
    await a.call('db.create', { name: 'DB', mirrored: true });
    await until('B knows the database', async () => (await b.status())?.missingDatabases.includes('DB') === true);
    await b.call('db.create', { name: 'DB', mirrored: true });
    await this.ready(a);
    for (const client of this.clients) client.write();
    await this.history.more(50);
  }

  #mount(member: Host): void {
    for (const disk of this.#options.disks?.(member) ?? []) {
      disk.mount();
      this.#mounted.push(disk);
    }
  }

  // ------------------------------------------------------------ states

  /** Waits until `primary` is primary, the other its active backup, and the arbiter in control if one is configured. */
  async ready(
    primary: Host,
    mode: MirrorStatus['arbiter']['failoverMode'] = this.#hasArbiter ? 'Arbiter Controlled' : 'Agent Controlled',
  ): Promise<void> {
    const backup = this.other(primary);
    await until(
      `${primary.name} is primary, ${backup.name} its active backup, ${mode}`,
      async () => {
        const all = await Promise.all([primary.status(), backup.status()]);
        return all.every((seen) => seen?.arbiter.failoverMode === mode && isActive(seen, primary.name, backup.name));
      },
      () => this.described(),
    );
  }

  /** The member that says it is primary; null: none does now. */
  async primary(): Promise<Host | null> {
    for (const member of this.#members) {
      const seen = await member.status();
      if (seen?.members.some((m) => m.name === member.name && m.status === 'Primary') === true) return member;
    }
    return null;
  }

  /** Waits until each member asked gives these statuses, within so many milliseconds and what busy processors add. */
  async expect(withinMs: number, wanted: Statuses): Promise<void> {
    const hosts = this.#members.filter((member) => wanted[member.name] !== undefined);
    const seen: Record<string, unknown> = {};
    const look = async (): Promise<boolean> => {
      let all = true;
      for (const host of hosts) {
        const status = await host.status();
        const statuses = Object.fromEntries(status?.members.map((m) => [m.name, m.status]) ?? []);
        seen[host.name] = statuses;
        all &&= Object.entries(wanted[host.name] ?? {}).every(([name, is]) => statuses[name] === is);
      }
      return all;
    };
    await until(`${JSON.stringify(wanted)}`, look, () => ({ ...seen, log: this.described() }), withinMs + SLACK_MS);
  }

  /** The last lines of both members' logs, for error texts. */
  described(): Record<string, readonly string[]> {
    const lines = (member: Host): string[] =>
      member
        .messages()
        .trim()
        .split('\n')
        .filter((line) => !line.includes('Superserver:'));
    return Object.fromEntries(this.#members.map((member) => [member.name, lines(member).slice(-15)]));
  }

  /** The primary and its backup, once a failover would work. */
  async roles(): Promise<{ primary: Host; backup: Host }> {
    const primary = await until(
      'one of them is primary',
      async () => (await this.primary()) ?? false,
      () => this.described(),
    );
    await this.ready(primary);
    return { primary, backup: this.other(primary) };
  }

  /** Throws when a member gives any other status for that long. */
  async staysSo(forMs: number, wanted: Statuses): Promise<void> {
    for (const end = now() + forMs; now() <= end; await delay(LOOK_MS)) await this.expect(0, wanted);
  }

  /** The instance's process ends by itself, and nobody starts it again. */
  async ends(member: Host): Promise<void> {
    await until(
      `${member.name} ends`,
      () => Promise.resolve(!member.running),
      () => this.described(),
    );
  }

  /** The former primary has ended, or follows the new one. */
  async stepsDown(member: Host): Promise<void> {
    const follows = async (): Promise<boolean> =>
      (await member.status())?.members.some((m) => m.name === member.name && ['Backup', 'Synchronizing'].includes(m.status)) === true;
    await until(
      `${member.name} steps down`,
      async () => !member.running || (await follows()),
      () => this.described(),
    );
  }

  // ------------------------------------------------------------ outages

  /** From now on an outage may begin. @param writing whether writes are acknowledged until then */
  async begin({ writing = true }: { writing?: boolean } = {}): Promise<void> {
    if (writing) await this.history.more(20);
    this.#began = now();
  }

  /** Waits until writes are acknowledged again; throws when the pause since the outage began was longer than that, with what busy processors add. */
  async writesGoOn(pauseMs: number): Promise<number> {
    await this.history.more(20, pauseMs + SLACK_MS);
    const longest = this.history.longestPauseMs(this.#began);
    if (longest > pauseMs + SLACK_MS) throw new Error(`writes paused for ${longest} ms; documented are ${pauseMs} ms`);
    return longest;
  }

  /** The host fails: no word of it any more, and nothing that ran on it runs. What the kernel had to send is lost. */
  async hostFails(host: Host): Promise<void> {
    this.network.isolate(host.computer.name);
    if (host.running) await host.kill();
    if (host.agentRuns) await host.killAgent();
  }

  /** The arbiter fails, and the mirror works on without it. */
  async arbiterFails(): Promise<void> {
    const { primary } = await this.roles();
    await this.arbiter.killAgent();
    await this.ready(primary, 'Agent Controlled');
  }

  /** The arbiter is connected to no member any more. */
  async arbiterLosesBoth(): Promise<void> {
    const client = await connectAgent(this.arbiter.home);
    try {
      await until('the arbiter has lost both members', async () => (await client.call('agent.status', {})).arbiterFor.length === 0);
    } finally {
      client.close();
    }
  }

  /** The host is back, with its agent; its instance is started by whoever wants it. */
  async hostReturns(host: Host): Promise<void> {
    this.network.heal();
    await host.startAgent();
  }

  /**
   * The backup has fallen behind: it stands still until the primary works alone, and goes on standing still. SIGCONT lets
   * it go on.
   */
  async backupFallsBehind(backup: Host): Promise<void> {
    backup.signal('SIGSTOP');
    const primary = this.other(backup);
    await this.expect(3 * this.qosMs, { [primary.name]: { [primary.name]: 'Primary', [backup.name]: 'Down' } });
    await this.history.more(50);
  }

  /** Everything back to work; then nothing acknowledged may be missing, nothing read that was old, and both members hold the same. */
  async settle(): Promise<Host> {
    this.network.heal();
    const agents = [...this.#members, ...(this.#hasArbiter ? [this.arbiter] : [])];
    await Promise.all(agents.filter((host) => !host.agentRuns).map((host) => host.startAgent()));
    await Promise.all(this.#members.filter((member) => !member.running).map((member) => member.start()));
    await this.roles();
    await this.history.more(20);
    await Promise.all(this.clients.map((client) => client.pause()));
    const primary = await this.#check();
    for (const client of this.clients) client.write();
    return primary;
  }

  /** While nobody writes. @returns the primary whose nodes were looked at, which was primary all the time */
  async #check(): Promise<Host> {
    const checked = await until('a primary shows all its nodes', async () => {
      const { primary } = await this.roles();
      const nodes = await this.clientOf(primary).list();
      return nodes !== null && (await this.primary()) === primary && { primary, nodes };
    });
    this.history.checkNodes(checked.primary.name, checked.nodes);
    this.history.checkReads();
    await sameDatabases(this);
    return checked.primary;
  }

  /** Ends every process and deletes everything. */
  async remove(): Promise<void> {
    this.network.heal();
    await Promise.all(this.clients.map((client) => client.end()));
    for (const member of this.#members) if (member.agentRuns) member.signalAgent('SIGCONT');
    try {
      await endProcesses(this.root);
    } finally {
      this.network.remove();
      for (const disk of this.#mounted.splice(0)) disk.remove();
      fs.rmSync(this.root, { recursive: true, force: true });
    }
  }
}
