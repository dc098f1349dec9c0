import { compareEpochs, newerEpoch, rank, sameEpoch, type LostRole, type Role, type Turn } from './state.ts';
import * as backup from './backup.ts';
import { provenDown, takeOver } from './taking.ts';
import type { AgentAnswer, Hello, HelloAnswer, Ms } from './types.ts';

/**
 * What a member decides that is not primary and has no primary: at start and after losing it.
 * One question is under way at a time: the partner's instance, then its agent, then a pause.
 */

type Undecided = Extract<Role, { is: 'starting' | 'waiting' }> | LostRole;

function undecided(turn: Turn): Undecided | null {
  const role = turn.state.role;
  return role.is === 'starting' || role.is === 'waiting' || role.is === 'lost' ? role : null;
}

export function start(turn: Turn): void {
  if (turn.state.partner === null) {
    turn.state.role = { is: 'starting', why: 'The only failover member.', askAt: turn.now, asking: null };
    return takeOver(turn, { by: 'only-member' }, 0);
  }
  turn.state.role = { is: 'starting', why: 'Asking the other failover member.', askAt: turn.now, asking: turn.dialPeer(true) };
}

export function tick(turn: Turn): void {
  const role = undecided(turn);
  if (role === null || role.asking !== null || role.askAt > turn.now) return;
  // A backup that still hopes for a verdict asks only the agent: dialling means giving up.
  if (role.is === 'lost' && role.generation !== null) askAgent(turn, role);
  else dial(turn, role);
}

function dial(turn: Turn, role: Undecided): void {
  role.asking = turn.dialPeer(true);
}

function askAgent(turn: Turn, role: Undecided): void {
  role.asking = turn.askAgent(turn.able);
}

/** Whether this is the answer to the question under way; later ones and those of another state are too late. */
function isAwaited(role: Undecided | null, question: number): role is Undecided {
  return role !== null && role.asking?.question === question;
}

function pause(turn: Turn, role: Undecided, ms: Ms): void {
  role.asking = null;
  role.askAt = turn.now + ms;
}

export function dialFailed(turn: Turn, question: number): void {
  const role = undecided(turn);
  if (!isAwaited(role, question)) return;
  askAgent(turn, role);
}

export function agentSilent(turn: Turn, question: number): void {
  const role = undecided(turn);
  if (!isAwaited(role, question)) return;
  if (role.is === 'starting')
    wait(turn, 'Neither the other failover member nor its agent answers, so it is not certain which of the two has the newest data.');
  const now = undecided(turn);
  if (now !== null) pause(turn, now, turn.retryMs);
}

function wait(turn: Turn, why: string): void {
  turn.log(2, 'WAITING', `${why} This member waits and keeps asking; nothing is lost.`);
  turn.state.role = { is: 'waiting', why, askAt: turn.now + turn.retryMs, asking: null };
}

export function helloAnswered(turn: Turn, answer: HelloAnswer, question: number): void {
  const role = undecided(turn);
  if (!isAwaited(role, question)) return;
  switch (answer.is) {
    case 'primary':
      return follow(turn, answer);
    case 'promise':
      return turn.able && answer.grant.to === turn.state.self
        ? takeOver(turn, { by: 'promise', from: partner(turn) }, 0, answer.grant.above)
        : pause(turn, role, turn.retryMs);
    case 'not-primary':
      turn.sawEpoch(answer.seen);
      return pause(turn, role, turn.retryMs);
  }
}

function partner(turn: Turn): string {
  const guid = turn.state.partner;
  if (guid === null) throw new Error('no partner');
  return guid;
}

/** The partner is primary: become its backup. */
function follow(turn: Turn, answer: Extract<HelloAnswer, { is: 'primary' }>): void {
  turn.sawEpoch(answer.epoch);
  const grant = turn.state.durable.grant;
  const kept = grant !== null && compareEpochs(answer.epoch, grant.above) <= 0 ? grant : null;
  turn.persist({ noFailover: answer.noFailover, grant: kept, stoppedNoFailover: false });
  turn.state.role = {
    is: 'backup',
    primary: partner(turn),
    primaryBoot: answer.boot,
    epoch: answer.epoch,
    active: null,
    generation: null,
    pendingNoFailover: null,
  };
  turn.log(1, 'BACKUP', 'This member is the backup; it receives the journal from the primary.');
}

export function agentAnswered(turn: Turn, answer: AgentAnswer, question: number): void {
  const taking = turn.state.role;
  if (taking.is === 'taking') return question < taking.firstQuestion ? undefined : provenDown(turn, answer);
  const role = undecided(turn);
  if (!isAwaited(role, question) || answer.member !== turn.state.partner) return;
  if (answer.grant !== null && answer.journal !== null && answer.grant.to === turn.state.self) {
    turn.log(2, 'GRANTED', "The other failover member's agent states that it is down and lets this member take over.");
    return takeOver(
      turn,
      { by: 'grant', from: answer.member, journal: answer.journal },
      0,
      newerEpoch(answer.grant.above, answer.journal.epoch),
    );
  }
  if (answer.refused !== null && answer.refused.code !== 'RUNNING') {
    if (role.is === 'starting') wait(turn, answer.refused.text);
  }
  const now = undecided(turn);
  if (now === null) return;
  // With a verdict still possible the agent is asked again at once: a killed process takes a moment to be gone.
  if (now.is === 'lost' && now.generation !== null) pause(turn, now, Math.min(5, turn.retryMs));
  else if (now.is === 'lost' && turn.able && turn.now - now.since < turn.state.qosMs / 2) pause(turn, now, Math.min(10, turn.retryMs));
  else pause(turn, now, turn.retryMs);
}

/** A member that is not primary was dialled by the other failover member. */
export function hello(turn: Turn, from: Hello): void {
  // A primary that dials has lost this member, even if the connection still looks well from here.
  if (turn.state.role.is === 'backup') backup.primaryLost(turn, 'it has lost this member', true);
  const role = undecided(turn);
  // Whatever is answered from here on says "not primary": no verdict of an older generation is used after it.
  if (role?.is === 'lost') role.generation = null;
  if (role === null || !mayPromise(turn, from)) return turn.notPrimary();
  const grant = { to: from.member, above: turn.newestEpoch };
  turn.persist({ grant });
  // Answers to what this member asked before are void: it has given its word since.
  pause(turn, role, turn.retryMs);
  turn.log(1, 'PROMISED', 'The other failover member has the newer journal and becomes primary; this member has promised not to.');
  turn.effects.push({ do: 'answer-hello', answer: { is: 'promise', boot: turn.state.boot, grant } });
}

/** Whether the other one is to go on: it has the newer journal; or this member may not, and the other has all that was acknowledged in this epoch, having written it. */
function mayPromise(turn: Turn, from: Hello): boolean {
  if (!from.able || (from.role !== 'starting' && from.role !== 'waiting' && from.role !== 'lost')) return false;
  const me = turn.hello(true);
  return rank(from, me) > 0 || (!me.able && from.wasPrimary && sameEpoch(from.journal.epoch, me.journal.epoch));
}
