import { compareEpochs } from '../epochs.ts';
import { emptyArbiter, stepArbiter, type ArbiterInput, type ArbiterState } from '../arbiter.ts';
import type { Epoch, Right, ToArbiter } from '../types.ts';
import { Events, Q, random } from './events.ts';
import { Member } from './member.ts';
import { holds } from './model-journal.ts';
import { Network, type End, type Process } from './network.ts';

const READ_LEASE = Q / 2;

export class Violation extends Error {}

/** Two failover members, their agents and an arbiter in virtual time, around the real decisions. */
export class World {
  readonly events = new Events(() => this.#check());
  readonly network: Network;
  readonly random: () => number;
  readonly members: readonly [Member, Member];
  readonly blocked = new Set<string>();
  readonly trace: string[] = [];
  arbiter: ArbiterProcess | null = null;
  /** Every block whose client was told OK, with the epoch it was written in. */
  readonly acknowledged = new Map<number, Epoch>();
  readonly #epochs = new Map<string, string>();
  #blocks = 0;
  #boots = 0;

  constructor(seed: number) {
    this.random = random(seed);
    this.network = new Network(
      this.events,
      () => this.#latency(),
      (from, to, service) => this.blocked.has(`${from}>${to}:${service}`),
    );
    this.members = [new Member(this, 'A', 'B'), new Member(this, 'B', 'A')];
  }

  member(name: string): Member {
    const found = this.members.find((m) => m.name === name);
    if (found === undefined) throw new Error(`no member ${name}`);
    return found;
  }

  log(text: string): void {
    this.trace.push(`${this.events.now.toFixed(1)} ${text}`);
    if (this.trace.length > 400) this.trace.shift();
  }

  newBoot(): string {
    this.#boots += 1;
    return `boot${this.#boots}`;
  }

  newBlock(): number {
    this.#blocks += 1;
    return this.#blocks;
  }

  /** Most messages are quick, some are not. */
  #latency(): number {
    const r = this.random();
    if (r < 0.85) return 0.2 + 3 * this.random();
    return r < 0.98 ? 30 * this.random() : 0.7 * Q * this.random();
  }

  // ------------------------------------------------------------ what must always hold

  #check(): void {
    const open = this.members.filter((m) => m.process?.open === true && !m.process.frozen);
    for (const m of open) {
      for (const other of open) {
        if (m === other || compareEpochs(m.process?.epoch ?? zero, other.process?.epoch ?? zero) > 0) continue;
        if (m.process?.gate === 'open') this.fail(`${m.name} writes alone while ${other.name} is open in a newer epoch`);
        if (m.process?.mayRead(READ_LEASE) === true) this.fail(`${m.name} answers reads while ${other.name} is open in a newer epoch`);
      }
    }
  }

  epochWritten(name: string, epoch: Epoch, right: Right): void {
    const key = `${epoch.major}.${epoch.minor}`;
    const user = this.#epochs.get(key);
    if (user !== undefined) this.fail(`epoch ${key} is begun by ${name} and was begun before by ${user}`);
    this.#epochs.set(key, name);
    const other = this.members.find((m) => m.name !== name);
    if (other?.process?.state.role.is === 'taking' && other.process.state.role.epoch === null)
      this.fail(`${name} begins epoch ${key} while ${other.name} is taking over too`);
    for (const [block, written] of this.acknowledged) {
      if (holds(this.member(name).journal, block)) continue;
      // An operator who forces accepts that the journal may be older.
      if (right.by === 'force') this.acknowledged.delete(block);
      else this.fail(`${name} becomes primary in ${key} without block ${block}, acknowledged in ${written.major}.${written.minor}`);
    }
  }

  durable(name: string, block: number, epoch: Epoch): void {
    this.log(`${name} acknowledges block ${block}`);
    this.acknowledged.set(block, epoch);
    for (const m of this.members) {
      const last = m.journal.at(-1)?.epoch ?? zero;
      if (compareEpochs(last, epoch) > 0 && !holds(m.journal, block))
        this.fail(`${name} acknowledges block ${block} though ${m.name} has gone on without it`);
    }
  }

  fail(what: string): never {
    throw new Violation(`${what}\n${this.trace.join('\n')}`);
  }

  // ------------------------------------------------------------ arbiter

  startArbiter(): void {
    this.arbiter ??= new ArbiterProcess(this);
  }

  stopArbiter(): void {
    this.arbiter?.kill();
    this.arbiter = null;
  }
}

const zero: Epoch = { major: 0, minor: 0, member: '' };

/** The arbiter's process around its decisions. */
class ArbiterProcess implements Process {
  readonly host = 'R';
  alive = true;
  readonly #world: World;
  #state: ArbiterState = emptyArbiter;
  readonly #ends = new Map<string, { end: End; heardAt: number }>();

  constructor(world: World) {
    this.#world = world;
    this.#tick();
  }

  in(ms: number, fn: () => void): { cancel(): void } {
    return this.#world.events.in(ms, () => {
      if (this.alive) fn();
    });
  }

  kill(): void {
    this.alive = false;
    for (const { end } of this.#ends.values()) end.close();
  }

  /** The connection to a member is reset at this end; the other one does not hear of it while its way is cut. */
  reset(member: string): void {
    if (this.#ends.has(member)) this.#lost(member);
  }

  accept(end: End): void {
    let member: string | null = null;
    const gone = (): void => {
      if (member !== null && this.#ends.get(member)?.end === end) this.#lost(member);
    };
    end.onClose = gone;
    end.onMessage = (raw) => {
      const message = raw as { t: 'hello'; member: string; boot: string } | { t: 'arb'; message: ToArbiter } | { t: 'beat' };
      if (message.t === 'hello') {
        member = message.member;
        if (this.#ends.has(member)) this.#lost(member);
        this.#ends.set(member, { end, heardAt: this.#world.events.now });
        end.send({ t: 'welcome' });
        this.#input({ on: 'up', member, boot: message.boot });
        return;
      }
      if (member === null || this.#ends.get(member)?.end !== end) return;
      this.#ends.set(member, { end, heardAt: this.#world.events.now });
      if (message.t === 'arb') this.#input({ on: 'message', member, message: message.message });
    };
  }

  #lost(member: string): void {
    this.#ends.get(member)?.end.close();
    this.#ends.delete(member);
    this.#input({ on: 'lost', member });
  }

  #input(input: ArbiterInput): void {
    const { state, effects } = stepArbiter(this.#state, input, this.#world.events.now, Q);
    const before = this.#state.current?.verdict ?? null;
    this.#state = state;
    if (state.current !== null && state.current.verdict !== before)
      this.#world.log(`R verdict ${String(state.current.verdict)} in ${state.current.gen.g}`);
    for (const effect of effects) {
      if (effect.do === 'tell') this.#ends.get(effect.member)?.end.send({ t: 'arb', message: effect.message });
      else if (this.#ends.has(effect.member)) this.#lost(effect.member);
    }
  }

  #tick(): void {
    this.in(Q / 8, () => {
      for (const [member, { end, heardAt }] of this.#ends) {
        if (this.#world.events.now - heardAt > Q * 0.75) this.#lost(member);
        else end.send({ t: 'beat' });
      }
      this.#input({ on: 'tick' });
      this.#tick();
    });
  }
}
