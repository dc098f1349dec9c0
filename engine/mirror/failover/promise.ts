import { compareEpochs, compareJournals, epochText, newerEpoch, rank, sameEpoch } from './epochs.ts';
import { dialledByPartner, pause, undecided } from './starting.ts';
import { vetoed } from './taking.ts';
import type { Turn } from './turn.ts';
import type { Epoch, Guid, Hello } from './types.ts';
import { noteAnswer } from './waiting.ts';

/** What a member that is not primary answers the other one: a promise to let it go on, a right given back, or neither. */

export function hello(turn: Turn, from: Hello): void {
  noteAnswer(turn, `instance: ${from.role}`);
  if (turn.state.role.is === 'taking') return helloWhileTaking(turn, from);
  if (dialledByPartner(turn, from) === 'not-yet') return;
  if (!mayPromise(turn, from)) return turn.notPrimary();
  promise(turn, from);
}

/** Durable before it is told. Answers to what this member asked before are void: it has given its word since. */
function promise(turn: Turn, from: Hello): void {
  const grant = { to: from.member, above: turn.newestEpoch };
  turn.persist({ grant });
  const role = undecided(turn);
  if (role !== null) pause(turn, role, turn.retryMs);
  turn.log(1, 'PROMISED', 'The other failover member has the newer journal and becomes primary; this member has promised not to.', {
    to: from.member,
    theirJournal: epochText(from.journal.epoch),
    myJournal: epochText(turn.facts.journal.epoch),
    theyWerePrimary: from.wasPrimary ? 1 : 0,
  });
  turn.effects.push({ do: 'answer-hello', answer: { is: 'promise', boot: turn.state.boot, grant } });
}

/** Its holder has another role now: it will not use the promise, and if it knows of nothing newer it has not. */
export function voided(turn: Turn, member: Guid, seen: Epoch): void {
  const { grant } = turn.state.durable;
  if (grant?.to === member && member !== turn.state.partner && compareEpochs(seen, grant.above) <= 0) turn.persist({ grant: null });
}

/**
 * Whether the other one is to go on: it has the newer journal; or this member may not, and the other has the same journal,
 * or all that was acknowledged in this epoch, having written it.
 */
function mayPromise(turn: Turn, from: Hello): boolean {
  const { role } = turn.state;
  if (undecided(turn) === null && role.is !== 'stopped' && role.is !== 'taking') return false;
  if (!from.able || (from.role !== 'starting' && from.role !== 'waiting' && from.role !== 'lost')) return false;
  const me = turn.hello(true);
  if (rank(from, me) > 0) return true;
  if (me.able && role.is !== 'taking') return false;
  // Held by its hook only: the other one's would be asked next, and so on in a circle.
  const hasAll = compareJournals(from.journal, me.journal) >= 0 && !(role.is === 'taking' && role.step === 'can-start');
  return hasAll || (from.wasPrimary && sameEpoch(from.journal.epoch, me.journal.epoch));
}

/** It has the right and cannot finish, its new epoch is nowhere yet, and the other one asks: the right goes back, durably. */
function helloWhileTaking(turn: Turn, from: Hello): void {
  const { role } = turn.state;
  if (role.is !== 'taking') return;
  if (vetoed(turn, newerEpoch(from.seen, from.journal.epoch), 'the other member')) return turn.notPrimary();
  const begun = role.epoch !== null || compareEpochs(turn.facts.journal.epoch, role.above) > 0;
  if (begun || role.stuck === null) return turn.notPrimary();
  const { stuck: why, right, step } = role;
  const needsNoPromise = from.role === 'in-trouble' || from.role === 'primary';
  const promises = mayPromise(turn, from);
  // What it lacks may be had from the other one, which is up again: both ask anew. A hook's no would only be asked for again.
  if (!needsNoPromise && !promises && step === 'can-start') return turn.notPrimary();
  turn.log(2, 'RIGHT_GIVEN_BACK', `This member could not become primary (${why}) and gives the right back to the other one.`, {
    right: right.by,
    why,
    to: from.member,
  });
  turn.state.role = { is: 'waiting', why, askAt: turn.now, asking: null, forOperator: false };
  if (promises) promise(turn, from);
  else {
    if (needsNoPromise) turn.persist({ grant: { to: from.member, above: turn.newestEpoch } });
    turn.notPrimary();
  }
  askLater(turn);
}

/** Two members that both cannot finish would hand the right to and fro, each time with a write: who gives it back again asks later and later. */
function askLater(turn: Turn): void {
  const role = undecided(turn);
  if (role !== null) pause(turn, role, Math.min(turn.state.qosMs, turn.retryMs * 2 ** Math.min(turn.state.gaveBack, 20)));
  turn.state.gaveBack += 1;
}
