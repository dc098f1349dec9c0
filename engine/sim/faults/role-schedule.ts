import { roleWays, asyncWays, type Fault, type RoleFault, type Target, type Way } from './kinds.ts';
import { pick, pickWeighted, type Dice } from './schedule.ts';

const weights = new Map<RoleFault['kind'], number>([
  ['promoted', 4],
  ['demoted', 2],
  ['promoted-alone', 4],
]);

const ACTIONS_MAX = 3;
/** How many of them are disturbed by something that comes close to them. */
const DISTURBED_SHARE = 0.6;

/** What operators of one seed do about roles, and what disturbs them in it. */
export function drawRoleFaults(dice: Dice, { qosMs, ms }: { readonly qosMs: number; readonly ms: number }): Fault[] {
  const faults: Fault[] = [];
  const count = 1 + Math.floor(dice.next() * ACTIONS_MAX);
  for (let i = 0; i < count; i += 1) {
    const at = Math.round(ms * dice.next());
    faults.push(draw(pickWeighted(dice, weights), at, qosMs, dice));
    if (dice.next() < DISTURBED_SHARE) faults.push(drawDisturbance(at, qosMs, dice));
  }
  return faults.sort((a, b) => a.at - b.at);
}

function draw(kind: RoleFault['kind'], at: number, qosMs: number, dice: Dice): RoleFault {
  const ms = Math.round(qosMs * (2 + 6 * dice.next()));
  switch (kind) {
    case 'promoted':
      return { kind, at, ms };
    case 'demoted':
      return { kind, at, ms, by: pick(dice, ['backup', 'primary'] as const) };
    case 'promoted-alone':
      return {
        kind,
        at,
        ms: ms + 3 * qosMs,
        partner: pick(dice, ['itself', 'chosen', 'none', 'none'] as const),
        isHeld: dice.next() < 0.3,
      };
  }
}

/** Close to a change, often in the middle of it. */
function drawDisturbance(about: number, qosMs: number, dice: Dice): Fault {
  const at = about + Math.round(qosMs * (dice.next() < 0.6 ? 0.2 * dice.next() : 4 * dice.next()));
  const ms = Math.round(qosMs * (0.2 + 4 * dice.next()));
  const host = pick(dice, ['primary', 'A', 'B', 'D', 'D'] as const satisfies readonly (Target | 'D')[]);
  const kind = pick(dice, ['kill', 'kill-inside', 'kill-inside', 'kill-agent', 'power-cut', 'pause', 'cut'] as const);
  if (kind === 'kill-inside') return { kind, at, host, operations: 1 + Math.floor(dice.next() * 40) };
  if (kind === 'cut') return { kind, at, ms, ways: drawWays(dice) };
  return { kind, at, host, ms };
}

/** D cut off from one host, or from all. */
function drawWays(dice: Dice): Way[] {
  const all = [...asyncWays, ...roleWays].filter((way) => way[0] === 'D' || way[2] === 'D');
  const from = pick(dice, ['A', 'B', 'R', 'E', null] as const);
  return from === null ? all : all.filter((way) => way[0] === from || way[2] === from);
}
