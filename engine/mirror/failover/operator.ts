import { epochText } from './epochs.ts';
import { begin, retry, takeOver } from './taking.ts';
import { leaveGeneration } from './generation.ts';
import { askNow, start, undecided } from './starting.ts';
import type { Turn } from './turn.ts';
import type { Details, ResumeConfirmations } from './types.ts';
import { refuseWish } from './waiting.ts';

/** What only a person decides: try, force, resume; mirroring stopped and started; changes of the mirror itself. */

/** So long the ordinary way is tried before a force. */
export const FORCE_WAIT_MS = 60_000;

/** Why neither trying nor forcing makes sense here; null: it does. */
function cannotWish(turn: Turn): { code: string; text: string; facts: Details } | null {
  const { role, wish } = turn.state;
  const facts = { role: turn.roleName(), epoch: epochText(turn.newestEpoch) };
  if (role.is === 'primary' && role.trouble === null) return { code: 'ALREADY_PRIMARY', text: 'This member is primary.', facts };
  if (role.is === 'primary')
    return { code: 'IN_TROUBLE', text: 'This primary is in trouble: it is not certain yet that its backup does not take over.', facts };
  if (role.is === 'backup') return { code: 'PRIMARY_EXISTS', text: 'The other failover member is primary.', facts };
  if (role.is === 'stopped') return { code: 'MIRRORING_STOPPED', text: 'Mirroring is stopped on this member.', facts };
  if (role.is === 'yielded' || role.is === 'down') return { code: 'STOPPING', text: 'This member is being stopped.', facts };
  if (wish !== null) return { code: 'BUSY', text: 'Such a request is under way already.', facts };
  if (!turn.facts.canTakeOver)
    return { code: 'CANNOT_TAKE_OVER', text: turn.facts.cannotWhy, facts: { ...facts, why: turn.facts.cannotWhy } };
  return null;
}

/** Asks once more for the right, and says why it was not given. */
export function tryPrimary(turn: Turn, id: number): void {
  const refusal = cannotWish(turn);
  if (refusal !== null) return turn.answer(id, refusal);
  const { role } = turn.state;
  if (role.is === 'taking') {
    if (role.stuck !== null) retry(turn, role);
    return turn.answer(id, null);
  }
  if (!turn.able)
    return turn.answer(id, {
      code: 'NO_FAILOVER',
      text: 'No failover is set, so this member does not become primary by itself.',
      facts: { role: turn.roleName() },
    });
  turn.state.wish = { id, what: 'try', until: turn.now + 2 * turn.state.qosMs, answeredAt: null, answered: '' };
  askNowUndecided(turn);
}

function askNowUndecided(turn: Turn): void {
  const role = undecided(turn);
  if (role !== null) askNow(turn, role);
}

/** What forcing would mean, for the operator to confirm and for the log. */
function forceFacts(turn: Turn): Details {
  const { lastSeenPrimary, reign } = turn.state.durable;
  const { epoch, position } = turn.facts.journal;
  return {
    wasActive: lastSeenPrimary?.active === true ? 1 : 0,
    wasPrimary: turn.wasPrimary && reign !== null ? 1 : 0,
    journalEpoch: epochText(epoch),
    file: position.file,
    offset: position.offset,
    waitMs: FORCE_WAIT_MS,
  };
}

/** The ordinary way is tried first; only if in all that time neither the other member nor its agent answers it goes on without. */
export function forcePrimary(turn: Turn, id: number, confirmed: boolean): void {
  const refusal = cannotWish(turn);
  if (refusal !== null) return turn.answer(id, refusal);
  if (!confirmed)
    return turn.answer(id, {
      code: 'FORCE_NOT_CONFIRMED',
      text:
        turn.state.durable.lastSeenPrimary?.active === true
          ? 'This member was an active backup when it was last connected: nothing is lost unless the primary went on alone since.'
          : 'This member was not active when it was last connected: journal data that the primary wrote since may be lost.',
      facts: forceFacts(turn),
    });
  const { role } = turn.state;
  if (role.is === 'taking') {
    turn.answer(id, null);
    if (role.stuck === null) return;
    role.stuck = null;
    return role.step === 'can-start' ? begin(turn, role) : retry(turn, role);
  }
  turn.log(
    2,
    'FORCE_BEGUN',
    'An operator forces this member to become primary; the ordinary way is tried for 60 s first.',
    forceFacts(turn),
  );
  turn.state.wish = { id, what: 'force', until: turn.now + FORCE_WAIT_MS, answeredAt: null, answered: '' };
  if (turn.state.partner === null) return force(turn);
  askNowUndecided(turn);
}

function force(turn: Turn): void {
  turn.log(2, 'FORCED', "This member becomes primary by an operator's word.", forceFacts(turn));
  // Whoever was primary may still answer reads for half a QoS timeout after it sent what was last echoed here.
  takeOver(turn, { by: 'force' }, turn.facts.lastBeatFromPeer + turn.state.qosMs * 0.55);
}

/** The time of a wish is over. */
export function tick(turn: Turn): void {
  const { wish } = turn.state;
  if (wish === null || wish.until > turn.now) return;
  const facts: Details = {
    answered: wish.answered === '' ? 'nobody' : wish.answered,
    agoMs: wish.answeredAt === null ? -1 : Math.round(turn.now - wish.answeredAt),
  };
  if (wish.what === 'try')
    return refuseWish(turn, { code: 'NOBODY_ANSWERS', text: 'Neither the other failover member nor its agent gave an answer.', facts });
  if (undecided(turn) === null) return refuseWish(turn, { code: 'BUSY', text: 'The role of this member has changed meanwhile.', facts });
  if (wish.answeredAt !== null && turn.now - wish.answeredAt <= 2 * turn.state.qosMs)
    return refuseWish(turn, {
      code: 'FORCE_REFUSED',
      text: 'The other failover member or its agent still answers, so it decides. Shut its host down, or stop its agent, before forcing.',
      facts,
    });
  force(turn);
}

/** A primary in trouble without limit goes on by an operator's word, in a new epoch that its backup cannot have. */
export function resumePrimary(turn: Turn, id: number, confirmed: ResumeConfirmations): void {
  const { role } = turn.state;
  if (role.is !== 'primary' || role.trouble === null)
    return turn.answer(id, { code: 'NOT_IN_TROUBLE', text: 'This member is not a primary in trouble.', facts: { role: turn.roleName() } });
  if (role.trouble.until !== null)
    return turn.answer(id, {
      code: 'TROUBLE_ENDS_BY_ITSELF',
      text: 'This trouble ends by itself after two QoS timeouts.',
      facts: { leftMs: Math.round(role.trouble.until - turn.now) },
    });
  if (role.frozen !== null)
    return turn.answer(id, { code: 'JOURNAL_FROZEN', text: 'The journal of this member cannot be written.', facts: { why: role.frozen } });
  if (!turn.facts.canTakeOver)
    return turn.answer(id, { code: 'CANNOT_TAKE_OVER', text: turn.facts.cannotWhy, facts: { why: turn.facts.cannotWhy } });
  const facts = {
    backupIsDown: Number(confirmed.backupIsDown),
    backupNeverBecamePrimary: Number(confirmed.backupNeverBecamePrimary),
    backupHasNoNewerJournalFile: Number(confirmed.backupHasNoNewerJournalFile),
    file: turn.facts.journal.position.file,
  };
  if (!confirmed.backupIsDown || !confirmed.backupNeverBecamePrimary || !confirmed.backupHasNoNewerJournalFile)
    return turn.answer(id, {
      code: 'RESUME_NOT_CONFIRMED',
      text: `Confirm that the backup is down, that it never became primary, and that it has no mirror journal file later than number ${facts.file}, the latest one here; otherwise shut this member down.`,
      facts,
    });
  turn.log(2, 'RESUMED_BY_OPERATOR', 'An operator has confirmed that the backup is down and never became primary.', facts);
  turn.endPeriod();
  if (role.backup !== null) turn.effects.push({ do: 'hang-up-peer', why: 'resumed by an operator' });
  turn.answer(id, null);
  takeOver(turn, { by: 'resume' }, 0);
}

export function stopMirroring(turn: Turn, id: number): void {
  const { role } = turn.state;
  const facts = { role: turn.roleName() };
  if (role.is === 'primary' || role.is === 'taking' || role.is === 'yielded')
    return turn.answer(id, {
      code: 'PRIMARY_CANNOT_STOP',
      text: 'A primary cannot stop mirroring.',
      facts,
    });
  if (role.is === 'down') return turn.answer(id, { code: 'STOPPING', text: 'This member is being stopped.', facts });
  if (role.is !== 'stopped') leaveForGood(turn);
  turn.answer(id, null);
}

/** Durable before the primary can learn that this member no longer follows: it does not take over by anything older. */
function leaveForGood(turn: Turn): void {
  const { role } = turn.state;
  // Who leaves of its own accord knows that the primary goes on without it.
  const last = turn.state.durable.lastSeenPrimary;
  turn.persist({ mirroringStopped: true, ...(last === null ? {} : { lastSeenPrimary: { ...last, active: false } }) });
  const facts = { role: turn.roleName() };
  if (role.is === 'backup') {
    if (role.pendingNoFailover !== null)
      turn.answer(role.pendingNoFailover.id, { code: 'MIRRORING_STOPPED', text: 'Mirroring was stopped on this member.' });
    turn.effects.push({ do: 'hang-up-peer', why: 'mirroring was stopped' });
  }
  refuseWish(turn, { code: 'MIRRORING_STOPPED', text: 'Mirroring was stopped on this member.', facts });
  turn.state.role = { is: 'stopped', why: 'Mirroring was stopped on this member.' };
  turn.log(1, 'MIRRORING_STOPPED', 'Mirroring is stopped on this member and stays so until it is started.', facts);
}

export function startMirroring(turn: Turn, id: number): void {
  if (turn.state.role.is === 'stopped') {
    turn.persist({ mirroringStopped: false });
    turn.log(1, 'MIRRORING_STARTED', 'Mirroring is started on this member.');
    start(turn, true);
  }
  turn.answer(id, null);
}

/** Arbiter, members or Q are to change: not during a generation or an active period. */
export function changeMembership(turn: Turn, id: number): void {
  const { role } = turn.state;
  if (role.is !== 'primary')
    return turn.answer(id, { code: 'NOT_PRIMARY', text: 'The mirror is changed on its primary.', facts: { role: turn.roleName() } });
  if (role.trouble !== null)
    return turn.answer(id, {
      code: 'IN_TROUBLE',
      text: 'This primary is in trouble: it is not certain yet that its backup does not take over.',
    });
  if (role.frozen !== null) return turn.answer(id, { code: 'JOURNAL_FROZEN', text: 'The journal of this member cannot be written.' });
  if (role.changing !== null || role.yielding !== null || role.pendingNoFailover !== null)
    return turn.answer(id, { code: 'BUSY', text: 'Another change is under way.' });
  role.changing = { id, phase: 'leaving' };
}

/** After every step: the generation is left, then the period ended by agreement, then the change is carried out. */
export function considerChange(turn: Turn): void {
  const { role } = turn.state;
  if (role.is !== 'primary' || role.changing === null || role.trouble !== null) return;
  const { changing, backup } = role;
  if (changing.phase === 'applying') return;
  if (role.generation !== null) return leaveGeneration(turn);
  if (backup?.active === true) {
    if (changing.phase === 'leaving') turn.tellPeer({ m: 'end-period', n: role.periods });
    changing.phase = 'ending';
    return;
  }
  changing.phase = 'applying';
  turn.effects.push({ do: 'change-membership', id: changing.id });
}

/** It is durable here and told to the others. */
export function changed(turn: Turn): void {
  const { role } = turn.state;
  if (role.is !== 'primary' || role.changing?.phase !== 'applying') return;
  turn.answer(role.changing.id, null);
  role.changing = null;
}
