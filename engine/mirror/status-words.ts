import type { MemberView, MirrorStatus } from '../api/status.ts';
import type { Clock } from '../io/clock.ts';
import { comparePositions, type Position } from '../journal/index.ts';
import type { Dejournaled } from './host.ts';
import { defaultParallel } from './editing/settings.ts';
import type { Member, Membership } from './membership.ts';

/** The words of the Mirror Monitor for times and positions, the same on every type of member. */

/** What is behind by less than this is in step: the next commit, or the next piece, is under way. In ms. */
const IN_STEP_MS = 1500;

export function time(wallMs: number): string {
  const at = new Date(wallMs);
  const two = (n: number): string => String(n).padStart(2, '0');
  return `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())} ${two(at.getHours())}:${two(at.getMinutes())}:${two(at.getSeconds())}`;
}

/** By at least a second, as it is shown. */
export function behind(ms: number): string {
  const s = Math.max(1, Math.round(ms / 1000));
  const two = (n: number): string => String(n).padStart(2, '0');
  return `${two(Math.floor(s / 3600))}:${two(Math.floor(s / 60) % 60)}:${two(s % 60)} behind`;
}

export function at(position: Position): Position | null {
  return position.file === 0 ? null : position;
}

/** Milliseconds by which dejournaling is behind what was received; null: behind, by a time that is not known. */
export function dejournalMs(done: Dejournaled | null, received: Position, now: number): number | null {
  if (done === null || comparePositions(done.position, received) >= 0) return 0;
  return done.timeMs === null ? null : Math.max(1, now - done.timeMs);
}

export function isInStep(ms: number): boolean {
  return ms < IN_STEP_MS;
}

export function dejournaling(ms: number | null): string {
  return ms !== null && isInStep(ms) ? 'Caught up' : behind(ms ?? 0);
}

type Addresses = Pick<MemberView, 'name' | 'type' | 'dn' | 'superserverAddress' | 'privateAddress' | 'agentAddress'>;

/** What a member is called and where it is. */
export function addressesOf({ name, type, superserverAddress, privateAddress, agentAddress }: Member): Addresses {
  return { name, type, dn: null, superserverAddress, privateAddress, agentAddress };
}

/** What the mirror is set to that this version only keeps. */
export function settingsView(
  { vip, parallelDejournaling = defaultParallel }: Membership,
  self: Member,
): Pick<MirrorStatus, 'vip' | 'parallelDejournaling'> {
  const own = vip === undefined ? null : { address: vip.address, interface: self.vipInterface ?? vip.interface, bound: false };
  return { parallelDejournaling, vip: own };
}

/** A member that is not connected. @param lostAt ms since the epoch; null: it was not connected since this one runs */
export function downView(member: Member, lostAt: number | null): MemberView {
  const lost = lostAt === null ? 'N/A' : `Disconnected on ${time(lostAt)}`;
  return {
    ...addressesOf(member),
    status: 'Down',
    position: null,
    journalTransfer: lost,
    journalLatencyMs: null,
    dejournaling: lost,
    dejournalLatencyMs: null,
  };
}

/** How fast journal comes in. */
export class IncomingRate {
  readonly #clock: Clock;
  #before = { at: 0, networkBytes: 0, journalBytes: 0, view: null as MirrorStatus['incomingRate'] };

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Journal arriving, over the time since it was last asked for (at least half a second); null: not known yet. */
  of({ networkBytes, journalBytes }: { networkBytes: number; journalBytes: number }): MirrorStatus['incomingRate'] {
    const now = this.#clock.monotonicMs();
    const before = this.#before;
    const seconds = (now - before.at) / 1000;
    if (seconds < 0.5) return before.view;
    const network = (networkBytes - before.networkBytes) / 1024 / seconds;
    const journal = (journalBytes - before.journalBytes) / 1024 / seconds;
    const view =
      before.at === 0
        ? null
        : {
            networkKBs: Math.round(network),
            journalKBs: Math.round(journal),
            ratio: network === 0 ? 1 : Math.round((journal / network) * 100) / 100,
            intervalS: Math.round(seconds * 10) / 10,
          };
    this.#before = { at: now, networkBytes, journalBytes, view };
    return view;
  }
}
