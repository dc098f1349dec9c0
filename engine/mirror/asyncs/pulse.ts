import type { Clock } from '../../io/clock.ts';
import type { Channel } from '../wire.ts';

/** Heartbeats of one side of an async's connection: one each quarter of the QoS timeout, and the end after three quarters of silence. */
export class Pulse {
  readonly #channel: Channel;
  readonly #clock: Clock;
  readonly #qosMs: () => number;
  readonly #beat: () => void;
  #timer: { cancel(): void } | null = null;

  constructor(options: { channel: Channel; clock: Clock; qosMs: () => number; beat: () => void }) {
    this.#channel = options.channel;
    this.#clock = options.clock;
    this.#qosMs = options.qosMs;
    this.#beat = options.beat;
    this.#next();
  }

  close(): void {
    this.#timer?.cancel();
  }

  #next(): void {
    this.#timer = this.#clock.timer(this.#qosMs() / 4, () => {
      const silentMs = this.#clock.monotonicMs() - this.#channel.lastHeardAt;
      if (silentMs > this.#qosMs() * 0.75) return this.#channel.close(`silent for ${Math.round(silentMs)} ms`);
      this.#beat();
      this.#next();
    });
  }
}
