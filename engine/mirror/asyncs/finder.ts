import type { Clock } from '../../io/clock.ts';
import type { Net } from '../../io/net.ts';
import type { Membership } from '../membership.ts';
import type { PeerControl } from '../peer-protocol.ts';
import { Channel, kinds } from '../wire.ts';
import { parseAsyncControl, type AsyncControl } from './protocol.ts';
import { whomToAsk, type Candidate } from './whom-to-ask.ts';

/** Least time between two rounds, in ms. */
const AGAIN_MS = 500;

export interface FinderOptions {
  readonly net: Net;
  readonly clock: Clock;
  readonly membership: () => Membership;
  /** What a member that may be primary is told first. */
  readonly follow: () => Extract<PeerControl, { t: 'follow' }>;
  readonly malformed: (channel: Channel, why: string) => void;
  /** A round has found nobody; the next one does not wait for what comes of this. */
  readonly nobody: () => void;
  /** An answer has come. @returns whether the connection is kept: the primary is found then */
  readonly answered: (channel: Channel, answer: AsyncControl, isWanted: () => boolean) => Promise<boolean>;
}

/** Looks for the primary among the failover members, again and again until it is found or told to stop. */
export class Finder {
  /** Member that is asked first. */
  believed: string | null = null;
  readonly #options: FinderOptions;
  /** Counts rounds that were begun or ended: whatever belongs to an older one is not wanted. */
  #round = 0;
  #isLooking = false;
  #timer: { cancel(): void } | null = null;

  constructor(options: FinderOptions) {
    this.#options = options;
  }

  /** @param isPaced after the pause between two rounds */
  start(isPaced: boolean): void {
    if (this.#isLooking) return;
    this.#isLooking = true;
    this.#round += 1;
    const round = this.#round;
    const isWanted = (): boolean => this.#round === round;
    if (isPaced) this.#again(isWanted);
    else void this.#askAll(isWanted);
  }

  #again(isWanted: () => boolean): void {
    this.#timer = this.#options.clock.timer(AGAIN_MS, () => void this.#askAll(isWanted));
  }

  stop(): void {
    this.#isLooking = false;
    this.#round += 1;
    this.#timer?.cancel();
  }

  async #askAll(isWanted: () => boolean): Promise<void> {
    for (const candidate of whomToAsk(this.#options.membership(), this.believed)) {
      if (!isWanted()) return;
      if (await this.#ask(candidate, isWanted)) {
        if (isWanted()) this.stop();
        return;
      }
    }
    if (!isWanted()) return;
    this.#options.nobody();
    this.#again(isWanted);
  }

  /** @returns whether that is the primary, and the connection is kept */
  async #ask(candidate: Candidate, isWanted: () => boolean): Promise<boolean> {
    const { net, clock, malformed, answered, membership } = this.#options;
    const timeoutMs = Math.max(100, membership().qosMs / 2);
    let channel: Channel;
    try {
      channel = new Channel(await net.connect(candidate.host, candidate.port, timeoutMs), true, () => clock.monotonicMs());
    } catch {
      return false;
    }
    channel.onMalformed = (why) => malformed(channel, why);
    const answer = await this.#answer(channel, timeoutMs);
    if (answer !== null && isWanted() && (await answered(channel, answer, isWanted))) return true;
    channel.onClose = () => undefined;
    channel.close('answered');
    return false;
  }

  #answer(channel: Channel, timeoutMs: number): Promise<AsyncControl | null> {
    return new Promise((resolve) => {
      const timer = this.#options.clock.timer(timeoutMs, () => resolve(null));
      channel.onClose = () => {
        timer.cancel();
        resolve(null);
      };
      channel.onFrame = (kind, payload) => {
        timer.cancel();
        resolve(kind === kinds.control ? parseAsyncControl(payload) : null);
      };
      channel.control(this.#options.follow());
    });
  }
}
