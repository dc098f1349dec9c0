import {
  damages,
  dialledWays,
  memberHosts,
  operatorActs,
  ways,
  type Fault,
  type FaultKind,
  type HostName,
  type RoleFault,
  type Target,
  type Way,
} from './kinds.ts';

/** Numbers from the seed. */
export interface Dice {
  /** In [0, 1). */
  next(): number;
}

interface Profile {
  readonly qosMs: number;
  /** Length of the time with faults. */
  readonly ms: number;
  readonly faultsMax: number;
  readonly arbiter: boolean;
}

function isAt(way: Way, host: HostName): boolean {
  return way[0] === host || way[2] === host;
}

/** Sets of ways that belong together: both directions of one link, or everything at one host. */
const groups: readonly (readonly Way[])[] = [
  ['A>B data', 'B>A data'],
  ways.filter((w) => w.startsWith('A>B') || w.startsWith('B>A')),
  ['A>B agent-of-B', 'B>A agent-of-B'],
  ['B>A agent-of-A', 'A>B agent-of-A'],
  ['A>R arbiter', 'R>A arbiter'],
  ['B>R arbiter', 'R>B arbiter'],
  ways.filter((w) => isAt(w, 'A') && !isAt(w, 'C')),
  ways.filter((w) => isAt(w, 'B') && !isAt(w, 'C')),
  ways.filter((w) => isAt(w, 'A')),
  ways.filter((w) => isAt(w, 'B')),
  ways.filter((w) => isAt(w, 'R')),
];

/** Those that `role-schedule.ts` draws are not among them. */
type UsualKind = Exclude<FaultKind, RoleFault['kind']>;

const weights: Record<UsualKind, number> = {
  kill: 6,
  'kill-inside': 4,
  'kill-agent': 1,
  'kill-arbiter': 2,
  'power-cut': 4,
  'power-cut-both': 1,
  pause: 3,
  'pause-host': 2,
  'pause-agent': 1,
  'pause-arbiter': 1,
  cut: 6,
  flap: 1,
  slow: 2,
  reset: 2,
  'clock-step': 1,
  'clock-drift': 1,
  replay: 2,
  'disk-full': 1,
  'disk-error': 1,
  'sync-fails': 1,
  'disk-slow': 2,
  operator: 3,
  'journal-damaged': 1,
  // By hand only: a primary with a damaged database neither serves nor hands over by itself.
  'database-damaged': 0,
  // By hand only: what a person has to do afterwards depends on what else happened, and nobody here knows it.
  reverted: 0,
  wiped: 0,
  'mirroring-stopped': 2,
  'arbiter-changed': 2,
  'qos-changed': 2,
  resumed: 2,
  forced: 0.5,
};

const faultKinds = Object.keys(weights) as UsualKind[];

/** An operator's force first tries the ordinary way for a minute. */
const FORCE_MS = 62_000;
/** How many seeds have a time in which nothing happens and then something that a backup takes over by. */
const TAKEOVER_SHARE = 0.97;
/** Most mirrors are well again after so long without faults, in Q. */
const CALM_Q = 7;

/**
 * The faults of one seed. Which kinds come at all, and how often, is drawn first: runs then differ in character, and a kind
 * that hides another is missing in some of them.
 */
export function drawFaults(dice: Dice, profile: Profile): Fault[] {
  const chosen = drawKinds(dice, profile);
  const count = 3 + Math.floor(dice.next() * (profile.faultsMax - 2));
  // A mirror in which everything has just gone wrong hardly ever lets anybody take over: one fault comes upon a mirror that is well.
  const takeoverAt = dice.next() < TAKEOVER_SHARE ? Math.floor(dice.next() * Math.min(3, count)) : null;
  const faults: Fault[] = [];
  let at = profile.qosMs * dice.next();
  for (let i = 0; i < count && at < profile.ms; i += 1) {
    if (i === takeoverAt) {
      if (i > 0) at += CALM_Q * profile.qosMs;
      faults.push(drawTakeover(Math.round(at), dice, profile));
      at += gap(dice, profile);
    }
    faults.push(draw(pickWeighted(dice, chosen), Math.round(at), dice, profile));
    at += gap(dice, profile);
  }
  return faults;
}

/** Which kinds come at all, with their weights. */
function drawKinds(dice: Dice, { arbiter }: Profile): Map<UsualKind, number> {
  const share = 0.15 + 0.6 * dice.next();
  const chosen = new Map<UsualKind, number>();
  for (const kind of faultKinds) {
    const wanted = dice.next() < share;
    const weight = weights[kind] * (0.25 + dice.next());
    if (wanted && weight > 0 && (arbiter || !needsArbiter(kind))) chosen.set(kind, weight);
  }
  if (chosen.size === 0) chosen.set('kill', 1);
  return chosen;
}

function needsArbiter(kind: UsualKind): boolean {
  return kind.endsWith('-arbiter') || kind === 'arbiter-changed' || kind === 'resumed';
}

/** What an active backup takes over by, with an arbiter or without. */
export function drawTakeover(at: number, dice: Dice, { qosMs, arbiter }: Pick<Profile, 'qosMs' | 'arbiter'>): Fault {
  const ms = Math.round(qosMs * (3 + 3 * dice.next()));
  const host = 'primary';
  const kinds = ['kill', 'kill', 'kill-inside', 'hand-over', 'disk-error', 'pause'] as const;
  const kind = pick(dice, arbiter ? ([...kinds, 'power-cut', 'pause-host'] as const) : kinds);
  if (kind === 'hand-over') return { kind: 'operator', at, host, act: kind };
  if (kind === 'kill-inside') return { kind, at, host, operations: 1 + Math.floor(dice.next() * 40) };
  return { kind, at, host, ms };
}

/** Often the next one comes while the mirror deals with the last; sometimes everything is quiet before. */
function gap(dice: Dice, { qosMs, ms, faultsMax }: Profile): number {
  const r = dice.next();
  if (r < 0.25) return 40 * dice.next();
  if (r < 0.6) return 2 * qosMs * dice.next();
  return ((2 * ms) / faultsMax) * dice.next();
}

/** Around the times at which the rules change: half a Q, one, two. */
export function duration(dice: Dice, qosMs: number): number {
  const r = dice.next();
  const times = r < 0.3 ? 0.6 * dice.next() : r < 0.7 ? 0.5 + 1.5 * dice.next() : 2 + 4 * dice.next();
  return Math.max(1, Math.round(times * qosMs));
}

function draw(kind: UsualKind, at: number, dice: Dice, { qosMs, arbiter }: Profile): Fault {
  const host: Target = dice.next() < 0.5 ? 'primary' : pick(dice, memberHosts);
  const ms = duration(dice, qosMs);
  switch (kind) {
    case 'kill':
    case 'kill-agent':
    case 'power-cut':
    case 'pause':
    case 'pause-agent':
    case 'pause-host':
    case 'disk-full':
    case 'disk-error':
      return { kind, at, host, ms };
    case 'kill-inside':
      return { kind, at, host, operations: 1 + Math.floor(dice.next() * 40) };
    case 'kill-arbiter':
    case 'pause-arbiter':
    case 'power-cut-both':
      return { kind, at, ms };
    case 'cut':
      return { kind, at, ms, ways: drawWays(dice) };
    case 'flap':
      return { kind, at, ms, ways: drawWays(dice), everyMs: Math.round(qosMs * (0.05 + dice.next())) };
    case 'slow':
      return {
        kind,
        at,
        ms,
        ways: drawWays(dice),
        upToMs: Math.round(qosMs * 0.8 * dice.next()),
        loss: dice.next() < 0.5 ? 0 : 0.3 * dice.next(),
      };
    case 'reset':
      return { kind, at, ways: drawWays(dice) };
    case 'clock-step':
      return { kind, at, host, byMs: Math.round((dice.next() - 0.5) * 7_200_000) };
    case 'clock-drift':
      return { kind, at, host, ms: 4 * ms, ppm: Math.round((dice.next() - 0.5) * 1000) };
    case 'replay':
      return { kind, at, ms, way: pick(dice, arbiter ? dialledWays : dialledWays.filter((way) => !way.endsWith('arbiter'))) };
    case 'sync-fails':
      return { kind, at, host };
    case 'disk-slow':
      return { kind, at, host, ms, upToMs: dice.next() < 0.8 ? Math.round(qosMs * dice.next()) : 1000 + Math.round(29_000 * dice.next()) };
    case 'operator':
      return { kind, at, host, act: pick(dice, operatorActs) };
    case 'journal-damaged':
      return { kind, at, host, how: pick(dice, damages), place: dice.next() };
    case 'reverted':
      return { kind, at, host, ms, what: pick(dice, ['host', 'record'] as const) };
    case 'database-damaged':
    case 'wiped':
      return { kind, at, host };
    case 'mirroring-stopped':
      return { kind, at, host, ms };
    case 'arbiter-changed':
      return { kind, at, ms };
    case 'qos-changed':
      return { kind, at, ms, times: pick(dice, [0.5, 0.7, 1.5, 2]) };
    case 'resumed':
      return { kind, at, ms: ms + 2 * qosMs };
    case 'forced':
      return { kind, at, ms: FORCE_MS + ms, how: pick(dice, ['power', 'isolated'] as const) };
  }
}

function drawWays(dice: Dice): Way[] {
  if (dice.next() < 0.6) return [...pick(dice, groups)];
  const some = ways.filter(() => dice.next() < 0.25);
  return some.length > 0 ? some : [pick(dice, ways)];
}

export function pick<T>(dice: Dice, from: readonly T[]): T {
  const chosen = from[Math.floor(dice.next() * from.length)];
  if (chosen === undefined) throw new Error('nothing to pick from');
  return chosen;
}

export function pickWeighted<T>(dice: Dice, from: ReadonlyMap<T, number>): T {
  let left = dice.next() * [...from.values()].reduce((sum, weight) => sum + weight, 0);
  for (const [what, weight] of from) {
    left -= weight;
    if (left < 0) return what;
  }
  return pick(dice, [...from.keys()]);
}
