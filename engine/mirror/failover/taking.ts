import { newerEpoch, type Turn } from './state.ts';
import type { AgentAnswer, Epoch, Ms, Right } from './types.ts';

/** What a member decides that has the right to be primary and becomes it: once its journal is the new epoch's and the time has come, it opens. */

/** The right is there; accepting it counts as having become primary. */
export function takeOver(turn: Turn, right: Right, openAt: Ms, known: Epoch = turn.newestEpoch): void {
  const above = newerEpoch(turn.newestEpoch, known);
  turn.state.role = { is: 'taking', right, above, epoch: null, openAt, askAt: turn.now + 20, firstQuestion: turn.state.questions + 1 };
  turn.effects.push({
    do: 'become-primary',
    right,
    epoch: { major: Math.max(1, above.major), minor: above.minor + 1, member: turn.state.self },
  });
}

/** The former primary's agent has said that it is down: nobody reads there any more. */
export function provenDown(turn: Turn, answer: AgentAnswer): void {
  const role = turn.state.role;
  if (role.is !== 'taking' || answer.member !== turn.state.partner || answer.state !== 'down') return;
  role.openAt = 0;
  openWhenReady(turn);
}

export function became(turn: Turn, epoch: Epoch): void {
  const role = turn.state.role;
  if (role.is !== 'taking') return;
  role.epoch = epoch;
  turn.persist({ seen: epoch, grant: null, noFailover: null, stoppedNoFailover: false, yielded: null, period: null });
  openWhenReady(turn);
}

export function tick(turn: Turn): void {
  const role = turn.state.role;
  if (role.is !== 'taking') return;
  openWhenReady(turn);
  if (turn.state.role.is === 'taking' && role.askAt <= turn.now) {
    role.askAt = turn.now + turn.retryMs;
    turn.askAgent(false);
  }
}

function openWhenReady(turn: Turn): void {
  const role = turn.state.role;
  if (role.is !== 'taking' || role.epoch === null || role.openAt > turn.now) return;
  turn.state.role = {
    is: 'primary',
    epoch: role.epoch,
    backup: null,
    trouble: null,
    generation: null,
    periods: 0,
    generations: 0,
    yielding: null,
    pendingNoFailover: null,
    dialAt: 0,
  };
  turn.gate('open');
  turn.effects.push({ do: 'open' });
  turn.log(2, 'PRIMARY', `This member is primary (epoch ${role.epoch.major}.${role.epoch.minor}).`);
}

export function becomeFailed(turn: Turn, why: string): void {
  if (turn.state.role.is !== 'taking') return;
  turn.log(2, 'BECOME_PRIMARY_FAILED', `Becoming primary failed. ${why}`);
  turn.state.role = { is: 'waiting', why, askAt: turn.now + turn.state.qosMs, asking: null };
}
