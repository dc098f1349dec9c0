import { epochText } from './epochs.ts';
import { leaveGeneration } from './generation.ts';
import { stopNow } from './hand-over.ts';
import { askNow, undecided } from './starting.ts';
import type { PrimaryRole } from './state.ts';
import type { Turn } from './turn.ts';

/** No failover on the primary: the operator's button, and stopping without a takeover. */

function primaryRole(turn: Turn): PrimaryRole {
  const role = turn.state.role;
  if (role.is !== 'primary') throw new Error(`asked as primary while ${role.is}`);
  return role;
}

/** Sets or clears no failover for the mirror; confirmed once durable on both members. */
export function noFailover(turn: Turn, id: number | null, set: boolean): void {
  const role = primaryRole(turn);
  const epoch = set ? role.epoch : null;
  const refusal =
    role.trouble !== null
      ? { code: 'IN_TROUBLE', text: 'This primary is in trouble: it is not certain yet that its backup does not take over.' }
      : role.pendingNoFailover !== null
        ? { code: 'BUSY', text: 'Such a change is under way already.' }
        : null;
  if (refusal !== null) return id === null ? undefined : turn.answer(id, refusal);
  if (set) leaveGeneration(turn);
  turn.persist({ noFailover: epoch });
  turn.log(
    1,
    set ? 'NO_FAILOVER_SET' : 'NO_FAILOVER_CLEARED',
    set ? 'No failover is set: the backup will not take over.' : 'No failover is cleared.',
    { epoch: epochText(role.epoch) },
  );
  if (role.backup === null) {
    if (id !== null) turn.answer(id, null);
    return;
  }
  if (id !== null) role.pendingNoFailover = { id, thenStop: false };
  turn.tellPeer({ m: 'no-failover', epoch });
}

/** On a member that was promoted without a partner and is not primary yet. Returns false when this is none. */
export function holdPromotion(turn: Turn, id: number, isHeld: boolean): boolean {
  const role = undecided(turn);
  if (role === null || turn.state.durable.promotion === null) return false;
  turn.persist({ promotion: { isHeld } });
  const facts = { journal: epochText(turn.facts.journal.epoch) };
  if (isHeld) turn.log(1, 'NO_FAILOVER_SET', 'No failover is set: this member does not become primary.', facts);
  else turn.log(1, 'NO_FAILOVER_CLEARED', 'No failover is cleared: this member becomes primary.', facts);
  turn.answer(id, null);
  askNow(turn, role);
  return true;
}

export function noFailoverDone(turn: Turn): void {
  const role = primaryRole(turn);
  const pending = role.pendingNoFailover;
  role.pendingNoFailover = null;
  if (pending === null) return;
  if (pending.thenStop) stopNow(turn, pending.id);
  else turn.answer(pending.id, null);
}

/** A stop after which nobody takes over: the agent will refuse, and a connected backup, which the arbiter might let take over, is told. */
export function stopNoFailover(turn: Turn, id: number): void {
  const role = primaryRole(turn);
  turn.persist({ stoppedNoFailover: true });
  for (const other of [role.yielding, role.pendingNoFailover])
    if (other !== null && other.id !== null) turn.answer(other.id, { code: 'STOPPING', text: 'This member is being stopped.' });
  role.yielding = null;
  if (role.backup === null || role.trouble !== null) return stopNow(turn, id);
  leaveGeneration(turn);
  turn.persist({ noFailover: role.epoch });
  role.pendingNoFailover = { id, thenStop: true };
  turn.tellPeer({ m: 'no-failover', epoch: role.epoch });
}
