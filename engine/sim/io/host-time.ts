/** The clocks of a host, made from the world's time. */
export class HostTime {
  /** Its seconds per second of the world. */
  #rate = 1;
  #origin = 0;
  #monotonicAtOrigin: number;
  #wallAtOrigin: number;

  constructor(monotonicMs: number, wallMs: number) {
    this.#monotonicAtOrigin = monotonicMs;
    this.#wallAtOrigin = wallMs;
  }

  monotonicMs(now: number): number {
    return this.#monotonicAtOrigin + (now - this.#origin) * this.#rate;
  }

  wallMs(now: number): number {
    return Math.floor(this.#wallAtOrigin + (now - this.#origin) * this.#rate);
  }

  /** How long the world takes for so many of its milliseconds. */
  worldMs(ms: number): number {
    return ms / this.#rate;
  }

  /** From now on both clocks run at that rate. Timers already set keep their time. */
  drift(now: number, rate: number): void {
    this.#monotonicAtOrigin = this.monotonicMs(now);
    this.#wallAtOrigin += (now - this.#origin) * this.#rate;
    this.#origin = now;
    this.#rate = rate;
  }

  /** The wall clock is set forward or back. */
  step(ms: number): void {
    this.#wallAtOrigin += ms;
  }
}
