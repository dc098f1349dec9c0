import { step } from '../member.ts';
import { initialState, newDurable, type MemberState, type Role } from '../state.ts';
import type { AgentAnswer, Durable, Effect, Epoch, Facts, Generation, Hello, HelloAnswer, Input, JournalEnd, Position } from '../types.ts';

export const QOS = 1000;

export const epoch = (minor: number, member = 'A', major = 1): Epoch => ({ major, minor, member });
export const end = (e: Epoch, offset = 0): JournalEnd => ({ epoch: e, position: { file: e.minor, offset } });

/** One member's decisions, driven by hand. */
export class Core {
  state: MemberState;
  now = 1000;
  journal: JournalEnd;
  canTakeOver = true;
  /** Hooks and virtual address answer yes at once. */
  obliging = true;
  hasAsyncs = false;
  hasDisasterRecovery = false;
  lastBeatFromPeer = 900;
  lastEchoedByPeer = 890;

  constructor(
    init: {
      self?: string;
      partner?: string | null;
      boot?: string;
      durable?: Partial<Durable>;
      journal?: JournalEnd;
      arbiter?: boolean;
    } = {},
  ) {
    const self = init.self ?? 'A';
    const durable: Durable = { ...newDurable, seen: epoch(1, 'A'), ...init.durable };
    this.journal = init.journal ?? end(epoch(1, 'A'), 10);
    this.state = initialState({
      self,
      boot: init.boot ?? `${self}-boot`,
      qosMs: QOS,
      membership: 1,
      partner: init.partner === undefined ? (self === 'A' ? 'B' : 'A') : init.partner,
      arbiter: init.arbiter ?? true,
      durable,
    });
  }

  get role(): Role {
    return this.state.role;
  }

  do(input: Input): Effect[] {
    const facts: Facts = {
      now: this.now,
      journal: this.journal,
      canTakeOver: this.canTakeOver,
      cannotWhy: 'A database is not well.',
      hasAsyncs: this.hasAsyncs,
      hasDisasterRecovery: this.hasDisasterRecovery,
      lastBeatFromPeer: this.lastBeatFromPeer,
      lastEchoedByPeer: this.lastEchoedByPeer,
    };
    const { state, effects } = step(this.state, input, facts);
    this.state = state;
    return this.obliging ? effects.flatMap((effect) => this.#oblige(effect)) : effects;
  }

  /** Hooks that say yes and an address that is bound: their effects and answers are not worth a line in each scenario. */
  #oblige(effect: Effect): Effect[] {
    if (effect.do === 'ask-hook') return this.do({ on: 'hook-answer', hook: effect.hook, ok: true, why: '' });
    if (effect.do === 'bind-vip') return this.do({ on: 'vip', bound: true, why: '' });
    return [effect];
  }

  after(ms: number): Effect[] {
    this.now += ms;
    return this.do({ on: 'tick' });
  }

  /** Number of the newest question to the partner or its agent. */
  get question(): number {
    return this.state.questions;
  }

  become(e: Epoch): Effect[] {
    this.journal = end(e);
    return this.do({ on: 'became', epoch: e });
  }
}

/** The kinds of effects in their order, without log lines, wakes, notices and the virtual address; messages by name. */
export function kinds(effects: readonly Effect[]): string[] {
  return effects.flatMap((e) => {
    switch (e.do) {
      case 'log':
      case 'wake':
      case 'notify':
      case 'release-vip':
      case 'tell-membership':
        return [];
      case 'gate':
        return [`gate ${e.to}`];
      case 'tell-peer':
      case 'tell-arbiter':
        return [`${e.do} ${e.message.m}`];
      case 'answer-hello':
        return [`answer ${e.answer.is}`];
      case 'ask-agent':
        return [e.grant ? 'ask-agent for a grant' : 'ask-agent'];
      case 'persist':
        return [`persist ${Object.keys(e.record).join(' ')}`];
      default:
        return [e.do];
    }
  });
}

export function hello(from: string, more: Partial<Hello> = {}): Hello {
  return {
    member: from,
    boot: `${from}-boot`,
    journal: end(epoch(1, 'A'), 10),
    wasPrimary: false,
    membership: 1,
    seen: epoch(1, 'A'),
    role: 'starting',
    able: true,
    gaveUp: true,
    ...more,
  };
}

export const answerPrimary = (e: Epoch): HelloAnswer => ({
  is: 'primary',
  boot: `${e.member}-boot`,
  epoch: e,
  membership: 1,
  noFailover: null,
  qosMs: QOS,
});

/** What a partner's agent says; nothing known unless told. */
export function agentSays(member: string, more: Partial<AgentAnswer> = {}): AgentAnswer {
  return {
    member,
    boot: `${member}-boot`,
    reign: null,
    period: null,
    seen: epoch(1, 'A'),
    membership: 1,
    role: null,
    state: 'operating',
    journal: null,
    grant: null,
    refused: null,
    noFailover: false,
    ...more,
  };
}

/** A, primary alone in epoch 1.2, with a partner that is down. */
export function primary(): Core {
  const a = new Core();
  a.do({ on: 'start' });
  a.do({ on: 'dial-failed', question: a.question });
  a.do({
    on: 'agent',
    question: a.question,
    answer: agentSays('B', { state: 'down', journal: end(epoch(1, 'A'), 10), grant: { to: 'A', above: epoch(1) } }),
  });
  a.become(epoch(2));
  return a;
}

/** ... with B as active backup. */
export function active(): Core {
  const a = primary();
  a.do({ on: 'hello', hello: hello('B') });
  a.do({ on: 'peer', message: { m: 'beat', arbiter: false, canTakeOver: true } });
  a.do({ on: 'caught-up' });
  return a;
}

export function generation(core: Core): Generation {
  const { role } = core;
  const gen = role.is === 'primary' || role.is === 'backup' ? role.generation?.gen : role.is === 'lost' ? role.generation : null;
  if (gen === undefined || gen === null) throw new Error(`no generation while ${role.is}`);
  return gen;
}

/** ... under the arbiter's rules. */
export function bound(): Core {
  const a = active();
  a.do({ on: 'arbiter-up' });
  a.do({ on: 'peer', message: { m: 'beat', arbiter: true, canTakeOver: true } });
  const { g } = generation(a);
  a.do({ on: 'arbiter', message: { m: 'hold', g } });
  a.do({ on: 'peer', message: { m: 'hold', g } });
  return a;
}

/** B, backup of A in epoch 1.2, active. */
export function backup(): Core {
  const b = new Core({ self: 'B' });
  b.do({ on: 'start' });
  b.do({ on: 'hello-answer', question: b.question, answer: answerPrimary(epoch(2)) });
  b.journal = end(epoch(2), 5);
  b.do({ on: 'peer', message: { m: 'active', n: 1, epoch: epoch(2) } });
  return b;
}

export const GEN: Generation = {
  g: 'g1',
  primary: 'A',
  primaryBoot: 'A-boot',
  backup: 'B',
  backupBoot: 'B-boot',
  membership: 1,
  epoch: epoch(2),
};

/** ... in a formed generation. */
export function formed(): Core {
  const b = backup();
  b.do({ on: 'arbiter-up' });
  b.do({ on: 'peer', message: { m: 'propose', gen: GEN } });
  b.do({ on: 'peer', message: { m: 'formed', g: 'g1' } });
  return b;
}

export const at = (file: number, offset: number): Position => ({ file, offset });
