import type { MemberView } from '../api/status.ts';
import type { Clock } from '../io/clock.ts';
import type { Takes } from './compression.ts';
import type { Dejournaled } from './host.ts';
import type { Sender } from './sender.ts';
import type { PeerControl } from './peer-protocol.ts';
import type { Position } from './failover/index.ts';
import type { Channel } from './wire.ts';

export interface BeatFacts {
  readonly arbiter: boolean;
  readonly canTakeOver: boolean;
  readonly dejournaled: Dejournaled | null;
  readonly received: Position;
  /** From the primary; left out: the mirror has none. */
  readonly asyncs?: MemberView[] | undefined;
}

/** An established connection between the two failover members: heartbeats, silence, stalls and the read lease. */
export class PeerLink {
  readonly channel: Channel;
  readonly member: string;
  /** What the other one has to say first: that it had the answer of this very connection. null: it has, or has been dialled. */
  awaits: string | null = null;
  /** What compressed journal the other one can take; undefined: all. */
  takes: Takes = undefined;
  /** On the primary: what sends the journal, once the backup is ready. */
  sender: Sender | null = null;
  /** The other's last heartbeat. */
  seen: BeatFacts | null = null;
  /** This side's clock in the newest message that the other has echoed. */
  echoedAt = Number.NEGATIVE_INFINITY;
  /** When the newest heartbeat came in: everything echoed here was sent before. 0: none yet. */
  beatHeardAt = 0;
  /** The newest clock reading received from the other. */
  #theirs = 0;
  readonly #clock: Clock;
  readonly #qosMs: () => number;
  readonly #facts: () => BeatFacts;
  readonly #lost: (why: string) => void;
  #timer: { cancel(): void } | null = null;
  #onceHeard: (() => void)[] = [];
  #beatAt = 0;
  #closed = false;

  constructor(options: {
    channel: Channel;
    member: string;
    clock: Clock;
    /** As the membership says now. */
    qosMs: () => number;
    facts: () => BeatFacts;
    lost: (why: string) => void;
  }) {
    this.channel = options.channel;
    this.member = options.member;
    this.#clock = options.clock;
    this.#qosMs = options.qosMs;
    this.#facts = options.facts;
    this.#lost = options.lost;
    this.channel.onClose = (why) => this.#end(why);
    // Even when it has been silent for long already: its loss is told to somebody who has it.
    this.beat();
    this.#timer = this.#clock.timer(this.#qosMs() / 8, () => this.#tick());
  }

  /** Ends the connection; `lost` is not called. */
  close(why: string): void {
    this.#closed = true;
    this.#timer?.cancel();
    this.sender?.close();
    this.channel.close(why);
  }

  /** Ends it for this side; the other one, which has been told to connect anew, is left the time to read that. `lost` is not called. */
  leave(why: string): void {
    this.#closed = true;
    this.#timer?.cancel();
    this.sender?.close();
    this.channel.onFrame = () => undefined;
    const late = this.#clock.timer(this.#qosMs() / 4, () => this.channel.close(why));
    this.channel.onClose = () => late.cancel();
  }

  get closed(): boolean {
    return this.#closed;
  }

  #end(why: string): void {
    if (this.#closed) return;
    this.close(why);
    this.#lost(why);
  }

  send(message: PeerControl): void {
    this.channel.control(message);
  }

  beat(): void {
    this.#beatAt = this.#clock.monotonicMs();
    this.send({ t: 'beat', at: this.#beatAt, echo: this.#theirs, ...this.#facts() });
  }

  received(beat: Extract<PeerControl, { t: 'beat' }>): void {
    if (beat.at > this.#theirs) this.beatHeardAt = this.#clock.monotonicMs();
    this.#theirs = Math.max(this.#theirs, beat.at);
    if (beat.echo > this.echoedAt && beat.echo > 0) this.echoedAt = beat.echo;
    this.seen = {
      arbiter: beat.arbiter,
      canTakeOver: beat.canTakeOver,
      dejournaled: beat.dejournaled,
      received: beat.received,
      asyncs: beat.asyncs,
    };
    for (const then of this.#onceHeard.splice(0)) then();
  }

  /** Calls back at the other's next heartbeat; never, when the connection is lost before. */
  onceHeard(then: () => void): void {
    this.#onceHeard.push(then);
  }

  /** Heartbeats every Q/4; loss after three quarters of Q of silence, or a block unacknowledged for Q. */
  #tick(): void {
    if (this.#closed) return;
    const qosMs = this.#qosMs();
    const now = this.#clock.monotonicMs();
    const stalledSince = this.sender?.unacknowledgedSince ?? null;
    if (now - this.channel.lastHeardAt > qosMs * 0.75) return this.#end(`silent for ${Math.round(now - this.channel.lastHeardAt)} ms`);
    if (stalledSince !== null && now - stalledSince > qosMs)
      return this.#end(`journal data not acknowledged for ${Math.round(now - stalledSince)} ms`);
    if (now - this.#beatAt >= qosMs / 4 - 1) this.beat();
    this.#timer = this.#clock.timer(qosMs / 8, () => this.#tick());
  }
}
