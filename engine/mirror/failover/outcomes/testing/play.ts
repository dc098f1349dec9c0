import { Q } from '../../testing/events.ts';
import { OutageWorld } from './outage-world.ts';
import type { Before, Failure, Outcome, Way } from '../words.ts';

export interface Loss {
  readonly what: Failure;
  readonly way?: Way;
}

/** Beyond the stated bound: half a QoS timeout, for the heartbeat that was under way and the member that becomes primary. */
export const TOLERANCE_MS = Q / 2;
/** What stays silent is noticed after half a QoS timeout at the earliest: losses this close to each other are one event. */
export const ONE_EVENT_GAP_MS = Q / 12;
/** Longer than any answer to a loss takes. */
export const SETTLED_MS = 3.6 * Q;

/** Each of them lost both ways, in this order. */
export function whole(order: readonly Failure[]): Loss[] {
  return order.map((what) => ({ what }));
}

/** Plays losses in the mirror; null: it came to one of the outcomes, in time; else what was wrong. */
export function play(before: Before, losses: readonly Loss[], gapMs: number, allowed: readonly Outcome[]): string | null {
  const world = new OutageWorld(before);
  for (const [n, loss] of losses.entries()) {
    if (n > 0 && gapMs > 0) world.pass(gapMs);
    world.lose(loss.what, loss.way);
  }
  world.pass(SETTLED_MS);
  const lost = losses.map(({ what, way }) => (way === undefined || way === 'whole' ? what : `${what} ${way}`));
  const wrong = compare(world, allowed, gapMs < Q ? gapMs * (losses.length - 1) : 0);
  return wrong === null ? null : `arbiter ${before.arbiter}, backup ${before.backup}: ${lost.join(' > ')}: ${wrong}`;
}

/** null: the mirror has come to one of the outcomes. @param lateMs by which the pause may be longer than stated, beyond the tolerance */
export function compare(world: OutageWorld, allowed: readonly Outcome[], lateMs: number): string | null {
  const observed = world.observed();
  const { pauseMs } = world;
  const same = allowed.filter((o) => o.primary === observed.primary && o.p === observed.p && o.b === observed.b);
  if (same.some((o) => (o.pauseQ === null ? pauseMs >= SETTLED_MS : pauseMs <= o.pauseQ * Q + TOLERANCE_MS + lateMs))) return null;
  const expected = allowed.map((o) => `${describe(o)}, at most ${o.pauseQ ?? '∞'} Q (${o.rule})`);
  return `is ${describe(observed)} after a pause of ${(pauseMs / Q).toFixed(2)} Q; stated: ${expected.join(' or ')}`;
}

function describe(o: Pick<Outcome, 'primary' | 'p' | 'b'>): string {
  return `primary ${o.primary}, P ${o.p}, B ${o.b}`;
}
