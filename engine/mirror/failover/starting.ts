import * as backup from './backup.ts';
import { compareEpochs, epochText, newerEpoch, sameEpoch } from './epochs.ts';
import { periodOf, type LostRole, type UndecidedRole } from './state.ts';
import { abandon, provenDown, takeOver, vetoed } from './taking.ts';
import type { Turn } from './turn.ts';
import type { AgentAnswer, Details, Hello, HelloAnswer, Ms, Reign } from './types.ts';
import { noteAnswer, refuseTry, refuseWish, wait } from './waiting.ts';

/**
 * What a member decides that is not primary and has no primary: at start and after losing it.
 * One question is under way at a time: the partner's instance, then its agent, then a pause.
 */

type Undecided = UndecidedRole | LostRole;

/** null: its role is decided, or not its own to decide. */
export function undecided(turn: Turn): Undecided | null {
  const role = turn.state.role;
  return role.is === 'starting' || role.is === 'waiting' || role.is === 'lost' ? role : null;
}

/** @param byPerson lifts the mark of a member that was forced down; the others are then asked before its own records count */
export function start(turn: Turn, byPerson: boolean): void {
  const { durable, boot } = turn.state;
  if (durable.forcedDown && !byPerson) {
    const why = 'This member was forced down, or ended as a primary that could not go on; a person has to start it.';
    turn.log(2, 'FORCED_DOWN', why, { epoch: epochText(durable.seen) });
    turn.effects.push({ do: 'step-down', why });
    turn.state.role = { is: 'down', why };
    return;
  }
  if (durable.forcedDown) turn.persist({ boot, forcedDown: false, validated: false });
  else if (durable.boot !== boot) turn.persist({ boot });
  if (durable.mirroringStopped) {
    turn.state.role = { is: 'stopped', why: 'Mirroring was stopped on this member.' };
    return turn.log(1, 'MIRRORING_STOPPED', 'Mirroring was stopped on this member and stays so until it is started.');
  }
  ask(turn, { is: 'starting', why: 'Asking the other failover member.', askAt: turn.now, asking: null, forOperator: false });
}

/** The first question of a round; the only failover member has nobody to ask. */
function ask(turn: Turn, role: Undecided): void {
  turn.state.role = role;
  if (turn.state.partner === null) return alone(turn);
  // A backup that still hopes for a verdict asks only the agent: dialling means giving up.
  if (role.is === 'lost' && role.generation !== null) role.asking = turn.askAgent(turn.able);
  else role.asking = turn.dialPeer(true);
}

/** There is no other failover member; after a promotion without a partner there may be more journal elsewhere. */
function alone(turn: Turn): void {
  const { promotion } = turn.state.durable;
  if (promotion === null) return takeOver(turn, { by: 'only-member' }, 0);
  if (!promotion.isHeld) return takeOver(turn, { by: 'promotion' }, 0);
  const why = 'No failover was set when this member was promoted; it collects journal and becomes primary when that is cleared.';
  turn.log(1, 'PROMOTION_HELD', why, { journal: epochText(turn.facts.journal.epoch) });
  turn.state.role = { is: 'waiting', why, askAt: turn.now, asking: null, forOperator: true };
}

export function tick(turn: Turn): void {
  const role = undecided(turn);
  if (role === null || role.asking !== null || role.askAt > turn.now) return;
  if (role.is !== 'lost' && role.forOperator) return;
  ask(turn, role);
}

/** Whoever was asked is not the other failover member any more: what it answers counts for nothing. */
export function partnerChanged(turn: Turn): void {
  const role = undecided(turn);
  if (role !== null && role.asking !== null) pause(turn, role, 0);
}

/** An operator wants an answer now. */
export function askNow(turn: Turn, role: Undecided): void {
  if (role.is !== 'lost') role.forOperator = false;
  if (role.asking === null) ask(turn, role);
}

/** Whether this is the answer to the question under way; later ones and those of another state are too late. */
function isAwaited(role: Undecided | null, question: number): role is Undecided {
  return role !== null && role.asking?.question === question;
}

export function pause(turn: Turn, role: Undecided, ms: Ms): void {
  role.asking = null;
  role.askAt = turn.now + ms;
}

/** Not now, for this reason: logged once, and the next round comes by itself. A lost primary's backup keeps what it knows of it. */
function holdOn(turn: Turn, role: Undecided, code: string, why: string, facts: Details): void {
  if (role.is !== 'lost') return wait(turn, code, why, facts);
  if (role.why !== why) turn.log(2, code, why, facts);
  role.why = why;
  refuseTry(turn, { code, text: why, facts });
  // Before the trouble timeout has passed other ways are still open.
  if (turn.now - role.since >= 2 * turn.state.qosMs) turn.notifyFailed();
  pause(turn, role, turn.retryMs);
}

export function dialFailed(turn: Turn, question: number): void {
  const role = undecided(turn);
  if (isAwaited(role, question)) role.asking = turn.askAgent(turn.able);
}

export function agentSilent(turn: Turn, question: number): void {
  const role = undecided(turn);
  if (!isAwaited(role, question)) return;
  const why = 'Neither the other failover member nor its agent answers, so it is not certain which of the two has the newest data.';
  holdOn(turn, role, 'NOBODY_ANSWERS', why, { journal: epochText(turn.facts.journal.epoch), partner: turn.state.partner ?? '' });
}

export function helloAnswered(turn: Turn, answer: HelloAnswer, question: number): void {
  if (turn.state.role.is === 'taking') return answeredWhileTaking(turn, answer, question);
  const role = undecided(turn);
  if (!isAwaited(role, question)) return;
  noteAnswer(turn, `instance: ${answer.is === 'not-primary' ? answer.role : answer.is}`);
  switch (answer.is) {
    case 'primary':
      return follow(turn, answer);
    case 'promise':
      if (turn.able && answer.grant.to === turn.state.self)
        return takeOver(turn, { by: 'promise', from: partner(turn) }, 0, answer.grant.above);
      return pause(turn, role, turn.retryMs);
    case 'not-primary':
      turn.sawEpoch(newerEpoch(answer.seen, answer.journal.epoch));
      refuseTry(turn, {
        code: 'PARTNER_UNDECIDED',
        text: 'The other failover member is running and has not let this one go on.',
        facts: { partnerIs: answer.role, partnerJournal: epochText(answer.journal.epoch), journal: epochText(turn.facts.journal.epoch) },
      });
      return pause(turn, role, turn.retryMs);
  }
}

/** While it cannot finish it looks whether it is still needed. */
function answeredWhileTaking(turn: Turn, answer: HelloAnswer, question: number): void {
  const role = turn.state.role;
  if (role.is !== 'taking' || question < role.firstQuestion) return;
  if (answer.is === 'not-primary') return void vetoed(turn, newerEpoch(answer.seen, answer.journal.epoch), 'the other member');
  if (answer.is !== 'primary' || vetoed(turn, answer.epoch, 'the other member')) return;
  if (role.epoch === null) abandon(turn, 'PRIMARY_EXISTS', 'The other failover member is primary.', { epoch: epochText(answer.epoch) });
}

function partner(turn: Turn): string {
  const guid = turn.state.partner;
  if (guid === null) throw new Error('no partner');
  return guid;
}

/** The partner is primary: become its backup. */
function follow(turn: Turn, answer: Extract<HelloAnswer, { is: 'primary' }>): void {
  turn.sawEpoch(answer.epoch);
  const { grant } = turn.state.durable;
  // The promise is kept once its holder is primary in an epoch at least as high.
  const kept = grant !== null && (grant.to !== partner(turn) || compareEpochs(answer.epoch, grant.above) < 0) ? grant : null;
  turn.persist({
    noFailover: answer.noFailover,
    grant: kept,
    stoppedNoFailover: false,
    validated: true,
    lastSeenPrimary: { primary: partner(turn), epoch: answer.epoch, active: false },
  });
  turn.state.role = {
    is: 'backup',
    primary: partner(turn),
    primaryBoot: answer.boot,
    epoch: answer.epoch,
    active: null,
    generation: null,
    pendingNoFailover: null,
  };
  // What the mirror is, the primary says: after a force it may be an older version than this member's.
  turn.state.membership = answer.membership;
  turn.state.failureNotified = false;
  turn.state.gaveBack = 0;
  const facts = { primary: partner(turn), epoch: epochText(answer.epoch) };
  refuseWish(turn, { code: 'PRIMARY_EXISTS', text: 'The other failover member is primary.', facts });
  turn.log(1, 'BACKUP', 'This member is the backup; it receives the journal from the primary.', facts);
}

export function agentAnswered(turn: Turn, answer: AgentAnswer, question: number): void {
  const taking = turn.state.role;
  if (taking.is === 'taking') return question < taking.firstQuestion ? undefined : provenDown(turn, answer);
  const role = undecided(turn);
  if (!isAwaited(role, question) || answer.member !== turn.state.partner) return;
  noteAnswer(turn, `agent: ${answer.state}`);
  if (answer.grant !== null && answer.grant.to === turn.state.self) return granted(turn, role, answer, answer.grant.above);
  if (answer.refused === null) return pauseAfterAgent(turn, role);
  if (answer.refused.code !== 'RUNNING') return holdOn(turn, role, answer.refused.code, answer.refused.text, answer.refused.facts);
  refuseTry(turn, { ...answer.refused, facts: { ...answer.refused.facts, state: answer.state } });
  pauseAfterAgent(turn, role);
}

/** With a takeover still possible at any moment the agent is asked again at once: a killed process takes a moment to be gone. */
function pauseAfterAgent(turn: Turn, role: Undecided): void {
  if (role.is === 'lost' && role.generation !== null) pause(turn, role, Math.min(5, turn.retryMs));
  else if (role.is === 'lost' && turn.able && turn.now - role.since < turn.state.qosMs / 2) pause(turn, role, Math.min(10, turn.retryMs));
  else pause(turn, role, turn.retryMs);
}

/** The partner's agent states that it is down and has bound it in favour of this member. */
function granted(turn: Turn, role: Undecided, answer: AgentAnswer, above: AgentAnswer['seen']): void {
  const facts = { boot: answer.boot, epoch: epochText(answer.reign?.epoch ?? answer.seen), above: epochText(above) };
  if (role.is === 'lost' && !isSameMember(role.had, answer))
    return holdOn(
      turn,
      role,
      'ANOTHER_COPY',
      'The agent that answers has an older copy of the former primary, not the one this member was connected to; its word does not count.',
      { ...facts, hadBoot: role.had.boot, hadEpoch: epochText(role.had.epoch), hadPeriod: role.had.n },
    );
  if (answer.journal === null) {
    const why = whyJournalNeeded(turn, role, answer);
    if (why !== null)
      return holdOn(turn, role, 'JOURNAL_UNREADABLE', `The agent cannot read the journal of the former primary. ${why}`, facts);
  }
  turn.log(2, 'GRANTED', "The other failover member's agent states that it is down and lets this member take over.", {
    ...facts,
    journal: answer.journal === null ? 'not readable' : epochText(answer.journal.epoch),
  });
  const known = answer.journal === null ? above : newerEpoch(above, answer.journal.epoch);
  takeOver(turn, { by: 'grant', from: answer.member, journal: answer.journal }, 0, known);
}

/** Its newest time as primary is the one this member saw, or a later one: an older copy of the member proves nothing. */
function isSameMember(had: Reign, { reign, period }: AgentAnswer): boolean {
  if (reign === null) return false;
  const order = compareEpochs(reign.epoch, had.epoch);
  if (order !== 0) return order > 0;
  return reign.epoch.member === had.epoch.member && reign.boot === had.boot && periodOf(reign, period) >= had.n;
}

/** Why the journal of the former primary is needed; null: this member certainly holds everything that it acknowledged. */
function whyJournalNeeded(turn: Turn, role: Undecided, { period }: AgentAnswer): string | null {
  if (role.is !== 'lost' || role.had.n === 0) return 'This member was not active in this process.';
  if (role.passedOver) return "Under the arbiter's rules the primary may have gone on alone.";
  const same = period !== null && sameEpoch(period.epoch, role.had.epoch) && period.n === role.had.n;
  if (!same || period.ended || period.backup !== turn.state.self) return 'The primary ended the active period and went on alone.';
  // The primary waits that long, from the newest message it had, before it goes on alone; a little less for clocks that differ.
  if (turn.now >= turn.facts.lastEchoedByPeer + 2 * turn.state.qosMs * 0.95) return 'The trouble timeout has passed.';
  return null;
}

/**
 * The partner has dialled: it does not count this member among its own any more. A primary in trouble gets no answer
 * while the arbiter has yet to say who goes on: an answer that does not arrive would leave both without the right.
 */
export function dialledByPartner(turn: Turn, from: Hello): 'answer' | 'not-yet' {
  const waits = from.role === 'in-trouble';
  if (turn.state.role.is === 'backup') backup.primaryLost(turn, 'it has lost this member', !waits);
  const role = undecided(turn);
  if (waits && role?.is === 'lost' && role.generation !== null && turn.now - role.since < turn.state.qosMs) return 'not-yet';
  // Whatever is answered from here on says "not primary": no verdict of an older generation is used after it.
  if (role?.is === 'lost') role.generation = null;
  return 'answer';
}
