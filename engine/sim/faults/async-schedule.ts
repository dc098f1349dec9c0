import { asyncHosts, asyncWays, type AsyncHostName, type Fault, type Way } from './kinds.ts';
import { duration, pick, pickWeighted, type Dice } from './schedule.ts';

const weights = {
  kill: 4,
  'kill-inside': 4,
  'power-cut': 3,
  pause: 2,
  cut: 4,
  slow: 1,
  reset: 1,
  'disk-full': 1,
  'disk-error': 1,
  'sync-fails': 1,
  'disk-slow': 1,
  'mirroring-stopped': 2,
} as const;
type AsyncFaultKind = keyof typeof weights;
const kinds = new Map(Object.entries(weights) as [AsyncFaultKind, number][]);

/** Most faults of one async in a run. */
const FAULTS_MAX = 3;
/** How many of them last for a good part of the run, so that the async has much to catch up with. */
const LONG_SHARE = 0.25;

export interface AsyncProfile {
  readonly qosMs: number;
  /** Length of the time with faults. */
  readonly ms: number;
  readonly asyncs: number;
}

/** What happens to the asyncs of one seed, beside everything that happens to the primary they follow. */
export function drawAsyncFaults(dice: Dice, profile: AsyncProfile): Fault[] {
  const faults: Fault[] = [];
  for (const host of asyncHosts.slice(0, profile.asyncs)) {
    const count = Math.floor(dice.next() * (FAULTS_MAX + 1));
    for (let i = 0; i < count; i += 1) faults.push(draw(host, Math.round(profile.ms * dice.next()), dice, profile));
  }
  return faults.sort((a, b) => a.at - b.at);
}

function draw(host: AsyncHostName, at: number, dice: Dice, profile: AsyncProfile): Fault {
  const { qosMs } = profile;
  const ms = dice.next() < LONG_SHARE ? Math.round(profile.ms * 0.5 * dice.next()) : duration(dice, qosMs);
  const kind = pickWeighted(dice, kinds);
  switch (kind) {
    case 'kill-inside':
      return { kind, at, host, operations: 1 + Math.floor(dice.next() * 40) };
    case 'cut':
      return { kind, at, ms, ways: drawWays(host, dice) };
    case 'slow':
      return { kind, at, ms, ways: drawWays(host, dice), upToMs: Math.round(qosMs * 0.8 * dice.next()), loss: 0.3 * dice.next() };
    case 'reset':
      return { kind, at, ways: drawWays(host, dice) };
    case 'sync-fails':
      return { kind, at, host };
    case 'disk-slow':
      return { kind, at, host, ms, upToMs: Math.round(qosMs * dice.next()) };
    default:
      return { kind, at, host, ms };
  }
}

/** All there are, both directions to one member, or a single one. */
function drawWays(host: AsyncHostName, dice: Dice): Way[] {
  const all = asyncWays.filter((way) => way[0] === host || way[2] === host);
  const r = dice.next();
  if (r < 0.4) return all;
  const one = pick(dice, all);
  return r < 0.8 ? all.filter((way) => way.includes(one.startsWith(host) ? one.slice(2, 3) : one.slice(0, 1))) : [one];
}
