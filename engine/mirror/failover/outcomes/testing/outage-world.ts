import { assert } from '../../../../io/assert.ts';
import { Q } from '../../testing/events.ts';
import type { MemberProcess } from '../../testing/member-process.ts';
import type { Member } from '../../testing/member.ts';
import type { End, Process } from '../../testing/network.ts';
import { positionAtEnd } from '../../testing/model-journal.ts';
import { World } from '../../testing/world.ts';
import { QuietNetwork } from './quiet-network.ts';
import type { Before, Failure, Link, Outcome, Way } from '../words.ts';

/** Which bytes a link carries: who sends to whom over which service. The first is towards the end named second. */
const WIRES: Readonly<Record<Link, { readonly to: string; readonly from: string }>> = {
  'P-B': { to: 'A>B:data', from: 'B>A:data' },
  'P-Arb': { to: 'A>R:arb', from: 'R>A:arb' },
  'B-Arb': { to: 'B>R:arb', from: 'R>B:arb' },
  'P-agent(B)': { to: 'A>B:agent(B)', from: 'B>A:agent(B)' },
  'B-agent(P)': { to: 'B>A:agent(A)', from: 'A>B:agent(A)' },
};

/** Clients write this often. */
const WRITE_EVERY_MS = Q / 8;

/** How long setting up may take before it counts as a fault of the model. */
const SETTLED_WITHIN_QOS = 12;

/** A mirror in the state before an outage: A is P, B is B, R is Arb. Everything happens at its usual time, so that only the order of losses matters. */
export class OutageWorld extends World {
  /** Every message quick, every disk quick: 0 to 2 ms. */
  override readonly random = (): number => 0.1;
  override readonly network = new QuietNetwork(this.events, (from, to, service) => this.#cut(from, to, service));
  readonly #goneHosts = new Set<string>();
  readonly #before: Before;
  #watching = false;
  #durableAt = 0;
  #longestPauseMs = 0;

  constructor(before: Before) {
    super(1);
    this.#before = before;
    this.#tellAgentLinksApart();
    this.#forceDownHung();
    this.#setUp();
    this.#watching = true;
    this.pass(Q / 4);
    this.beginPause();
  }

  override durable(...what: Parameters<World['durable']>): void {
    super.durable(...what);
    this.#longestPauseMs = this.pauseMs;
    this.#durableAt = this.events.now;
  }

  /** The longest time so far in which nothing new became durable. */
  get pauseMs(): number {
    return Math.max(this.#longestPauseMs, this.events.now - this.#durableAt);
  }

  /** Pauses before this do not count. */
  beginPause(): void {
    this.#longestPauseMs = 0;
  }

  /** Time passes, with clients that write to whoever takes it. */
  pass(ms: number): void {
    const end = this.events.now + ms;
    while (this.events.now < end) {
      for (const m of this.members) m.process?.write(1);
      this.events.run(Math.min(WRITE_EVERY_MS, end - this.events.now));
    }
  }

  /** Trace lines only of what follows the set-up. */
  override log(text: string): void {
    if (this.#watching) super.log(text);
  }

  get p(): Member {
    return this.member('A');
  }

  get b(): Member {
    return this.member('B');
  }

  #cut(from: string, to: string, service: string): boolean {
    return this.blocked.has(`${from}>${to}:${service}`) || this.#goneHosts.has(from) || this.#goneHosts.has(to);
  }

  /** The agent finds that an instance that stands still is hung, and forces it down when the other member asks. */
  #forceDownHung(): void {
    const ask = this.p.ask.bind(this.p);
    this.p.ask = (...question) => {
      if (this.p.process?.frozen === true) this.p.crash(false);
      return ask(...question);
    };
  }

  /** The question to an agent and its answer are one link; those of the two agents are two. A backup that is not to be active never says that it is ready. */
  #tellAgentLinksApart(): void {
    const { network } = this;
    const connect = network.connect.bind(network);
    network.connect = (from: Process, to: () => Process | null, host: string, service: string, accept: (end: End) => void): End => {
      const end = connect(from, to, host, service === 'agent' ? `agent(${host})` : service, accept);
      const send = end.send;
      end.send = (message) => {
        if (this.#before.backup === 'active' || !isReady(message)) send(message);
      };
      return end;
    };
  }

  #setUp(): void {
    const { arbiter, backup } = this.#before;
    this.p.journal = [{ epoch: { major: 1, minor: 1, member: 'A' }, blocks: [] }];
    if (arbiter !== 'none') this.startArbiter();
    this.p.start();
    this.b.start();
    const bound = arbiter !== 'none' && backup === 'active';
    this.#until(() => this.#isSetUp(bound, arbiter !== 'none'));
    if (arbiter === 'none' || arbiter === 'connected') return;
    this.lose(arbiter === 'lost: Arb' ? 'Arb' : arbiter === 'lost: P-Arb' ? 'P-Arb' : 'B-Arb');
    this.events.run(2 * Q);
    assert(this.#isSetUp(false, false), 'losing the arbiter leaves a working mirror');
  }

  #isSetUp(bound: boolean, arbiter: boolean): boolean {
    const { process } = this.p;
    const p = process?.state.role;
    const b = this.b.process?.state.role;
    if (p?.is !== 'primary' || b?.is !== 'backup' || p.backup === null || process?.open !== true) return false;
    if ((b.active !== null) !== (this.#before.backup === 'active')) return false;
    if (arbiter && (process.state.arbiter.connected && this.b.process?.state.arbiter.connected) !== true) return false;
    return bound ? p.generation?.phase === 'bound' && b.generation?.phase === 'formed' : p.generation === null && b.generation === null;
  }

  #until(condition: () => boolean): void {
    for (let n = 0; n < SETTLED_WITHIN_QOS * 8; n += 1) {
      if (condition()) return;
      this.events.run(Q / 8);
    }
    this.fail('the mirror does not get into the state before the outage');
  }

  /** @param way of a link: what of it is lost */
  lose(what: Failure, way: Way = 'whole'): void {
    switch (what) {
      case 'P instance':
        return this.p.crash(false);
      case 'B instance':
        return this.b.crash(false);
      case 'P host':
        return this.#loseHost('A');
      case 'B host':
        return this.#loseHost('B');
      case 'Arb':
        this.#goneHosts.add('R');
        return this.stopArbiter();
      case 'P shut down':
        return this.p.process?.request('stop');
      case 'P shut down, no failover':
        return this.p.process?.request('stop-nofailover');
      case 'P hung':
        return this.p.process?.input({ on: 'hung', stalledMs: Q });
      case 'P unresponsive':
        if (this.p.process !== null) this.p.process.frozenUntil = Number.POSITIVE_INFINITY;
        return;
      case 'P storage':
        return this.p.process?.input({ on: 'journal-failed', why: 'the disk is gone', end: positionAtEnd(this.p.journal) });
      default:
        return this.#loseLink(what, way);
    }
  }

  #loseLink(link: Link, way: Way): void {
    const wires = WIRES[link];
    if (way !== 'from') this.blocked.add(wires.to);
    if (way !== 'to') this.blocked.add(wires.from);
    // Whoever takes over fetches journal data over the link to the agent.
    if (link === 'B-agent(P)') this.blocked.add('B>A:agent');
    if (link === 'P-agent(B)') this.blocked.add('A>B:agent');
  }

  /** The host runs again, and its agent; its instance is not started. */
  hostBack(who: 'P' | 'B'): void {
    const member = who === 'P' ? this.p : this.b;
    this.#goneHosts.delete(member.name);
    member.hostUp = true;
  }

  /** The network is well again, and what was down is started. */
  heal(): void {
    this.blocked.clear();
    this.#goneHosts.clear();
    this.startArbiter();
    for (const m of this.members) m.start();
  }

  #loseHost(name: string): void {
    this.#goneHosts.add(name);
    this.member(name).crash(true);
  }

  /** What the mirror has come to. */
  observed(): Pick<Outcome, 'primary' | 'p' | 'b'> {
    const p = primaryStatus(this.p.process);
    const b = backupStatus(this.b.process);
    return { primary: p === 'primary' ? 'P' : b === 'primary' ? 'B' : 'none', p, b };
  }
}

function isReady(message: unknown): boolean {
  return typeof message === 'object' && message !== null && 't' in message && message.t === 'ready';
}

function primaryStatus(process: MemberProcess | null): Outcome['p'] {
  const role = process?.state.role;
  if (role?.is !== 'primary' || process?.frozen === true) return 'not primary';
  if (role.trouble !== null && role.trouble.until === null) return 'in trouble without limit';
  return role.frozen === null && role.trouble === null && process?.open === true ? 'primary' : 'writes nothing';
}

function backupStatus(process: MemberProcess | null): Outcome['b'] {
  const role = process?.state.role;
  if (process === null || role === undefined) return 'down';
  if (role.is === 'primary' && role.trouble === null && process.open) return 'primary';
  if (role.is === 'backup') return role.active !== null ? 'active backup' : 'backup, not active';
  return 'disconnected';
}
