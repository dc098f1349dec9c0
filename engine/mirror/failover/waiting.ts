import type { Turn } from './turn.ts';
import type { Details, Ms } from './types.ts';

/** What becomes of a member that may not be primary now, and of the operator's wish that it were. */

/** Goes on asking after a pause. The same reason is logged once. */
export function wait(turn: Turn, code: string, why: string, facts: Details = {}, pauseMs: Ms = turn.retryMs): void {
  const before = turn.state.role;
  if (before.is !== 'waiting' || before.why !== why)
    turn.log(2, code, `${why} This member waits and keeps asking; nothing is lost.`, facts);
  turn.state.role = { is: 'waiting', why, askAt: turn.now + pauseMs, asking: null, forOperator: false };
  turn.notifyFailed();
  refuseTry(turn, { code, text: why, facts });
}

/** Does nothing more by itself; an operator has to ask for it. */
export function waitForOperator(turn: Turn, code: string, why: string, facts: Details): void {
  turn.log(2, code, `${why} This member waits for an operator.`, facts);
  turn.state.role = { is: 'waiting', why, askAt: turn.now, asking: null, forOperator: true };
  turn.notifyFailed();
}

/** The right to be primary is there: what the operator wished comes true. */
export function fulfilWish(turn: Turn): void {
  const { wish } = turn.state;
  turn.state.wish = null;
  if (wish !== null) turn.answer(wish.id, null);
}

export function refuseWish(turn: Turn, refusal: { code: string; text: string; facts: Details }): void {
  const { wish } = turn.state;
  turn.state.wish = null;
  if (wish !== null) turn.answer(wish.id, refusal);
}

/** A try is one round of questions; a force goes on until its time is over. */
export function refuseTry(turn: Turn, refusal: { code: string; text: string; facts: Details }): void {
  if (turn.state.wish?.what === 'try') refuseWish(turn, refusal);
}

/** The other member or its agent has answered: an operator may not force past it. */
export function noteAnswer(turn: Turn, what: string): void {
  const { wish } = turn.state;
  if (wish === null) return;
  wish.answeredAt = turn.now;
  wish.answered = what;
}
