import type { Net } from '../io/net.ts';
import type { Clock } from '../io/clock.ts';
import { fromArbiter, parseReply, type AgentReply } from './agent-protocol.ts';
import type { FromArbiter, ToArbiter } from './failover/index.ts';
import { splitAddress } from './membership.ts';
import { Channel, kinds } from './wire.ts';

export interface ArbiterLinkOptions {
  readonly net: Net;
  readonly clock: Clock;
  /** HOST:PORT */
  readonly address: string;
  readonly mirror: string;
  readonly mirrorName: string;
  readonly member: string;
  readonly boot: string;
  readonly qosMs: number;
  readonly up: () => void;
  readonly lost: (why: string) => void;
  /** After a loss, the first time that connecting again fails. */
  readonly stillLost: (why: string) => void;
  /** Something came that is no message; the connection ends. */
  readonly malformed: (why: string) => void;
  readonly message: (message: FromArbiter) => void;
}

/** A member's connection to the arbiter: kept, watched and made anew. */
export class ArbiterLink {
  readonly #options: ArbiterLinkOptions;
  #channel: Channel | null = null;
  #connected = false;
  #closed = false;
  #warned = false;
  #timer: { cancel(): void } | null = null;

  constructor(options: ArbiterLinkOptions) {
    this.#options = options;
    void this.#dial();
  }

  get connected(): boolean {
    return this.#connected;
  }

  tell(message: ToArbiter): void {
    this.#channel?.control({ t: 'arb', message } satisfies AgentReply);
  }

  close(): void {
    this.#closed = true;
    this.#timer?.cancel();
    this.#channel?.close('closing');
  }

  async #dial(): Promise<void> {
    const { net, clock, address, mirror, mirrorName, member, boot, qosMs } = this.#options;
    const { host, port } = splitAddress(address);
    try {
      const channel = new Channel(await net.connect(host, port, qosMs / 2), true, () => clock.monotonicMs());
      if (this.#closed) return channel.close('closing');
      this.#channel = channel;
      channel.onFrame = (kind, payload) => {
        if (kind === kinds.control) this.#receive(parseReply(payload));
      };
      channel.onMalformed = this.#options.malformed;
      channel.onClose = (why) => this.#lost(why);
      channel.control({ t: 'arbiter', mirror, mirrorName, member, boot, qosMs });
      this.#watch();
    } catch (error) {
      if (this.#closed) return;
      if (!this.#warned) this.#options.stillLost(error instanceof Error ? error.message : String(error));
      this.#warned = true;
      this.#again();
    }
  }

  #receive(reply: AgentReply): void {
    if (reply.t === 'error') return this.#channel?.close(reply.what);
    if (reply.t === 'arb') return this.#options.message(fromArbiter(reply.message));
    if (this.#connected) return;
    this.#connected = true;
    this.#warned = false;
    this.#options.up();
  }

  #lost(why: string): void {
    this.#channel = null;
    this.#timer?.cancel();
    const was = this.#connected;
    this.#connected = false;
    if (this.#closed) return;
    if (was) this.#options.lost(why);
    this.#again();
  }

  #again(): void {
    this.#timer = this.#options.clock.timer(Math.min(1000, this.#options.qosMs / 4), () => void this.#dial());
  }

  /** Heartbeats, and loss after silence. */
  #watch(): void {
    const { clock, qosMs } = this.#options;
    this.#timer = clock.timer(qosMs / 4, () => {
      const channel = this.#channel;
      if (channel === null) return;
      if (clock.monotonicMs() - channel.lastHeardAt > qosMs * 0.75) return channel.close(`silent for ${Math.round(qosMs * 0.75)} ms`);
      channel.control({ t: 'beat' } satisfies AgentReply);
      this.#watch();
    });
  }
}
