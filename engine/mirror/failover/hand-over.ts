import { epochText } from './epochs.ts';
import type { PrimaryRole } from './state.ts';
import type { Turn } from './turn.ts';
import type { Details, Ms, PeerMessage, Position } from './types.ts';

/** A primary that leaves its place to the backup: on request, by stopping, because it hung, because its journal failed. */

function primaryRole(turn: Turn): PrimaryRole | null {
  return turn.state.role.is === 'primary' ? turn.state.role : null;
}

/** A graceful stop or a switch over: the active backup is asked to take over. */
export function handOver(turn: Turn, id: number, then: 'hand-over' | 'stop'): void {
  const role = primaryRole(turn);
  if (role === null) return;
  if (role.yielding !== null) return turn.answer(id, { code: 'BUSY', text: 'A hand-over is already under way.' });
  const refusal = handOverRefusal(turn, role);
  if (refusal !== null && then === 'hand-over') return turn.answer(id, refusal);
  if (refusal !== null) {
    turn.log(1, 'STOP_WITHOUT_TAKEOVER', `Stopping without a hand-over. ${refusal.text}`, { ...refusal.facts, reason: refusal.code });
    return stopNow(turn, id);
  }
  role.yielding = { id, then };
  turn.effects.push({ do: 'drain' });
}

function handOverRefusal(turn: Turn, role: PrimaryRole): { code: string; text: string; facts: Details } | null {
  const facts = { backup: turn.state.partner ?? '', epoch: epochText(role.epoch) };
  const no = (code: string, text: string): { code: string; text: string; facts: Details } => ({ code, text, facts });
  if (role.trouble !== null)
    return no('IN_TROUBLE', 'This primary is in trouble: it is not certain yet that its backup does not take over.');
  if (role.frozen !== null) return no('JOURNAL_FROZEN', 'The journal of this member cannot be written, so it cannot hand over in order.');
  if (role.changing !== null) return no('BUSY', 'A change of the mirror is under way.');
  if (role.backup === null) return no('NO_BACKUP', 'No backup is connected, so nobody could take over.');
  if (!role.backup.active) return no('BACKUP_NOT_ACTIVE', 'The backup is not active yet; wait until its journal transfer is Active.');
  if (!role.backup.canTakeOver) return no('BACKUP_NOT_ABLE', 'The backup says that it could not become primary now; see its messages.log.');
  if (turn.state.durable.noFailover !== null) return no('NO_FAILOVER', 'No failover is set, so the backup does not take over.');
  return null;
}

/** The executor stood still and is back: who hangs once hangs again, so the backup takes over if it can. */
export function hung(turn: Turn, stalledMs: Ms): void {
  const role = primaryRole(turn);
  if (role === null || role.yielding !== null) return;
  const refusal = handOverRefusal(turn, role);
  if (refusal !== null)
    return turn.log(2, 'HUNG_STAYS', `This member stood still for ${Math.round(stalledMs)} ms and works on. ${refusal.text}`, {
      ...refusal.facts,
      stalledMs: Math.round(stalledMs),
      reason: refusal.code,
    });
  turn.log(2, 'HUNG', `This member stood still for ${Math.round(stalledMs)} ms; the backup is asked to take over.`, {
    stalledMs: Math.round(stalledMs),
    limitMs: turn.state.qosMs / 2,
  });
  role.yielding = { id: null, then: 'hand-over' };
  turn.effects.push({ do: 'drain' });
}

/** Nothing can be written any more: frozen from here on; an active backup is asked to take over from what is durable. */
export function journalFailed(turn: Turn, why: string, end: Position): void {
  const role = primaryRole(turn);
  if (role === null || role.frozen !== null) return;
  turn.gate('hold');
  role.frozen = why;
  turn.log(2, 'JOURNAL_FAILED', `The journal cannot be written: ${why}. Nothing more becomes durable here.`, {
    why,
    file: end.file,
    offset: end.offset,
  });
  const under = [role.yielding?.id ?? null, role.pendingNoFailover?.id ?? null, role.changing?.id ?? null];
  role.yielding = role.pendingNoFailover = role.changing = null;
  for (const id of under)
    if (id !== null) turn.answer(id, { code: 'JOURNAL_FROZEN', text: 'The journal of this member failed meanwhile.' });
  role.frozenAt = end;
  if (!yieldIfFrozen(turn))
    turn.log(2, 'JOURNAL_FROZEN', 'The backup cannot take over now, so this member stays as it is, frozen; see the disk of its journal.', {
      backup: role.backup === null ? 'none' : role.backup.active ? 'active' : 'not active',
      inTrouble: role.trouble === null ? 0 : 1,
    });
}

/** Only an active backup gets the place: another one lacks what was acknowledged. */
export function yieldIfFrozen(turn: Turn): boolean {
  const role = primaryRole(turn);
  if (role === null || role.frozen === null || role.trouble !== null || role.frozenAt === null) return false;
  if (role.backup?.active !== true || !role.backup.canTakeOver || turn.state.durable.noFailover !== null) return false;
  turn.persist({ yielded: role.epoch, forcedDown: true }, true);
  yieldTo(turn, role, role.frozenAt, true);
  return true;
}

/** Everything taken is durable on both: say so and stop for good in this epoch. */
export function drained(turn: Turn, end: Position): void {
  const role = primaryRole(turn);
  if (role === null || role.yielding === null) return;
  turn.persist({ yielded: role.epoch });
  turn.gate('hold');
  const { id } = role.yielding;
  yieldTo(turn, role, end, false);
  if (id !== null) turn.answer(id, null);
}

function yieldTo(turn: Turn, role: PrimaryRole, end: Position, ends: boolean): void {
  turn.effects.push({ do: 'release-vip' });
  turn.tellPeer({ m: 'take-over', epoch: role.epoch, end });
  turn.log(1, 'HAND_OVER', 'The backup is asked to take over.', { epoch: epochText(role.epoch), file: end.file, offset: end.offset });
  turn.state.role = { is: 'yielded', epoch: role.epoch, until: turn.now + turn.state.qosMs, ends };
}

/** The answer of the backup. Returns false when the message is none that a member which yielded takes. */
export function yieldedMessage(turn: Turn, message: PeerMessage): boolean {
  if (turn.state.role.is !== 'yielded') return false;
  if (message.m === 'taking-over') yieldEnded(turn, true);
  else if (message.m === 'cannot-take-over') yieldEnded(turn, false);
  else return message.m === 'beat' || message.m === 'leaving' || message.m === 'hold';
  return true;
}

/** Whatever the backup said: it never acts as primary in this epoch again. */
export function yieldEnded(turn: Turn, accepted: boolean): void {
  const role = turn.state.role;
  if (role.is !== 'yielded') return;
  if (!accepted)
    turn.log(
      2,
      'HAND_OVER_UNCONFIRMED',
      'The backup did not confirm that it takes over; this member does not act as primary again before it knows.',
      { epoch: epochText(role.epoch) },
    );
  turn.effects.push(role.ends ? { do: 'step-down', why: 'The journal cannot be written.' } : { do: 'handed-over', accepted });
  turn.state.role = { is: 'down', why: 'Handed over.' };
}

/** The backup was lost before it was asked. */
export function abandonHandOver(turn: Turn): void {
  const role = primaryRole(turn);
  if (role === null || role.yielding === null) return;
  const { id, then } = role.yielding;
  role.yielding = null;
  if (id !== null && then === 'stop') return stopNow(turn, id);
  if (id !== null)
    turn.answer(id, { code: 'UNREACHABLE', text: 'The backup was lost before it could take over; this member stays primary.' });
  turn.effects.push({ do: 'resume' });
}

export function stopNow(turn: Turn, id: number): void {
  turn.answer(id, null);
  turn.effects.push({ do: 'release-vip' }, { do: 'handed-over', accepted: false });
  turn.state.role = { is: 'down', why: 'This member stops.' };
}
