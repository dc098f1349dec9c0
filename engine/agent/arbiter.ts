import type { Log } from '../instance/host.ts';
import type { Clock } from '../io/index.ts';
import { emptyArbiter, stepArbiter, type ArbiterInput, type ArbiterState } from '../mirror/failover/index.ts';
import { kinds, parseReply, toArbiter, type AgentReply, type AgentRequest, type Channel } from '../mirror/index.ts';

interface Mirror {
  readonly name: string;
  qosMs: number;
  state: ArbiterState;
  readonly channels: Map<string, Channel>;
}

/** The agent as arbiter: one set of decisions for each mirror whose members keep a connection to it. */
export class Arbiter {
  readonly #mirrors = new Map<string, Mirror>();
  readonly #clock: Clock;
  readonly #log: Log;
  #timer: { cancel(): void } | null = null;

  constructor(clock: Clock, log: Log) {
    this.#clock = clock;
    this.#log = log;
  }

  names(): string[] {
    return [...this.#mirrors.values()].filter((m) => m.channels.size > 0).map((m) => m.name);
  }

  close(): void {
    this.#timer?.cancel();
    for (const mirror of this.#mirrors.values()) for (const channel of mirror.channels.values()) channel.close('the arbiter stops');
  }

  /** A member has connected and stays. */
  attend(channel: Channel, hello: Extract<AgentRequest, { t: 'arbiter' }>): void {
    const mirror = this.#mirrors.get(hello.mirror) ?? {
      name: hello.mirrorName,
      qosMs: hello.qosMs,
      state: emptyArbiter,
      channels: new Map<string, Channel>(),
    };
    this.#mirrors.set(hello.mirror, mirror);
    mirror.qosMs = hello.qosMs;
    const { member } = hello;
    const before = mirror.channels.get(member);
    if (before !== undefined) this.#lost(mirror, member, before, 'it connected anew');
    mirror.channels.set(member, channel);
    channel.onClose = (why) => this.#lost(mirror, member, channel, why);
    channel.onFrame = (kind, payload) => {
      if (kind !== kinds.control) return;
      const message = parseReply(payload);
      if (message.t === 'arb') this.#input(mirror, { on: 'message', member, message: toArbiter(message.message) });
    };
    channel.control({ t: 'welcome' } satisfies AgentReply);
    this.#log(0, `A member of the mirror ${mirror.name} has connected (${channel.connection.remote}).`);
    this.#input(mirror, { on: 'up', member, boot: hello.boot });
    this.#watch();
  }

  #lost(mirror: Mirror, member: string, channel: Channel, why: string): void {
    if (mirror.channels.get(member) !== channel) return;
    mirror.channels.delete(member);
    channel.close(why);
    this.#log(1, `The connection to a member of the mirror ${mirror.name} was lost (${why}).`);
    this.#input(mirror, { on: 'lost', member });
  }

  #input(mirror: Mirror, input: ArbiterInput): void {
    const verdict = mirror.state.current?.verdict ?? null;
    const { state, effects } = stepArbiter(mirror.state, input, this.#clock.monotonicMs(), mirror.qosMs);
    mirror.state = state;
    const now = state.current?.verdict ?? null;
    if (now !== null && now !== verdict) this.#log(2, `Verdict for the mirror ${mirror.name}: ${now}.`);
    for (const effect of effects) {
      const channel = mirror.channels.get(effect.member);
      if (channel === undefined) continue;
      if (effect.do === 'tell') channel.control({ t: 'arb', message: effect.message } satisfies AgentReply);
      else this.#lost(mirror, effect.member, channel, 'it did not answer in time');
    }
  }

  /** Heartbeats both ways, loss after three quarters of Q of silence, and deadlines of questions. */
  #watch(): void {
    if (this.#timer !== null) return;
    const qos = Math.min(...[...this.#mirrors.values()].map((m) => m.qosMs));
    this.#timer = this.#clock.timer(qos / 8, () => {
      this.#timer = null;
      const now = this.#clock.monotonicMs();
      for (const mirror of this.#mirrors.values()) {
        for (const [member, channel] of mirror.channels) {
          if (now - channel.lastHeardAt > mirror.qosMs * 0.75) this.#lost(mirror, member, channel, 'silence');
          else if (now - channel.lastSentAt >= mirror.qosMs / 4) channel.control({ t: 'beat' } satisfies AgentReply);
        }
        this.#input(mirror, { on: 'tick' });
      }
      if (this.names().length > 0) this.#watch();
    });
  }
}
