import { assertNever } from '../../io/assert.ts';
import * as backup from './backup.ts';
import { considerGeneration } from './generation.ts';
import * as handOver from './hand-over.ts';
import * as noFailover from './no-failover.ts';
import * as operator from './operator.ts';
import * as primary from './primary.ts';
import * as promise from './promise.ts';
import * as starting from './starting.ts';
import { answerDropped } from './requests.ts';
import type { MemberState } from './state.ts';
import * as taking from './taking.ts';
import * as trouble from './trouble.ts';
import { Turn } from './turn.ts';
import type { Effect, Facts, Hello, Input, PeerMessage } from './types.ts';

/**
 * One step of a failover member's decisions: pure. The effects are to be carried out in their order, each finished
 * before the next; inputs that arrive meanwhile wait.
 */
export function step(before: MemberState, input: Input, facts: Facts): { state: MemberState; effects: Effect[] } {
  const turn = new Turn(before, facts);
  dispatch(turn, input);
  follow(turn);
  answerDropped(turn, before);
  turn.scheduleWake();
  return { state: turn.state, effects: turn.effects };
}

function dispatch(turn: Turn, input: Input): void {
  switch (input.on) {
    case 'tick':
      return tick(turn);
    case 'start':
      return starting.start(turn, input.byPerson === true);
    case 'hello':
      return hello(turn, input.hello);
    case 'hello-answer':
      return isPrimary(turn)
        ? primary.helloAnswered(turn, input.answer, input.question)
        : starting.helloAnswered(turn, input.answer, input.question);
    case 'dial-failed':
      return starting.dialFailed(turn, input.question);
    case 'peer-lost':
      return peerLost(turn, input.why);
    case 'peer':
      return peerMessage(turn, input.message);
    case 'caught-up':
      return isPrimary(turn) ? primary.caughtUp(turn) : turn.ignore('caught-up');
    case 'asked-around':
      return isPrimary(turn) ? trouble.askedAround(turn, input) : taking.askedAround(turn, input);
    case 'arbiter-up':
    case 'arbiter-lost':
      return arbiterChanged(turn, input.on === 'arbiter-up');
    case 'arbiter':
      return arbiterMessage(turn, input.message);
    case 'agent':
      return isPrimary(turn)
        ? primary.agentAnswered(turn, input.answer, input.question)
        : starting.agentAnswered(turn, input.answer, input.question);
    case 'agent-silent':
      return isPrimary(turn) ? undefined : starting.agentSilent(turn, input.question);
    case 'became':
      return taking.became(turn, input.epoch);
    case 'become-failed':
      return taking.becomeFailed(turn, input.why);
    case 'hook-answer':
      return taking.hookAnswered(turn, input.hook, input.ok, input.why);
    case 'vip':
      return isPrimary(turn) ? trouble.vip(turn, input.bound, input.why) : taking.vip(turn, input.bound, input.why);
    case 'gave-up':
      return isPrimary(turn) ? primary.backupGaveUp(turn, input.member, input.had) : undefined;
    case 'no-partner':
      return promise.voided(turn, input.member, input.seen);
    case 'journal-failed':
      return journalFailed(turn, input);
    case 'hung':
      return handOver.hung(turn, input.stalledMs);
    case 'drained':
      return handOver.drained(turn, input.end);
    case 'request':
      return request(turn, input);
    case 'membership':
      return membership(turn, input);
    default:
      return assertNever(input);
  }
}

function isPrimary(turn: Turn): boolean {
  return turn.state.role.is === 'primary';
}

function hello(turn: Turn, from: Hello): void {
  if (from.member !== turn.state.partner) return turn.refuseHello();
  if (isPrimary(turn)) {
    primary.hello(turn, from);
    turn.sawEpoch(from.seen);
    return;
  }
  turn.sawEpoch(from.seen);
  promise.hello(turn, from);
}

function peerMessage(turn: Turn, message: PeerMessage): void {
  const taken = primary.peerMessage(turn, message) || handOver.yieldedMessage(turn, message) || backup.peerMessage(turn, message);
  if (!taken) turn.ignore(message.m);
}

function arbiterChanged(turn: Turn, up: boolean): void {
  turn.state.arbiter.connected = up;
  if (!up) turn.state.arbiter.otherConnected = false;
  const role = turn.state.role.is;
  if (role === 'taking') return taking.arbiterChanged(turn);
  if (role === 'primary') return up ? trouble.arbiterBack(turn) : trouble.arbiterLost(turn);
  if (!up) return backup.arbiterLost(turn);
  if (role === 'backup') turn.beat();
}

function peerLost(turn: Turn, why: string): void {
  const role = turn.state.role.is;
  if (role === 'primary') primary.backupLost(turn, why);
  else if (role === 'backup') backup.primaryLost(turn, why, false);
  else if (role === 'yielded') handOver.yieldEnded(turn, false);
}

function arbiterMessage(turn: Turn, message: Extract<Input, { on: 'arbiter' }>['message']): void {
  if (message.m === 'ping') return turn.tellArbiter({ m: 'pong', nonce: message.nonce });
  if (message.m === 'other') {
    turn.state.arbiter.otherConnected = message.connected;
    return;
  }
  if (isPrimary(turn)) return primary.arbiterMessage(turn, message);
  if (message.m === 'known') taking.arbiterKnows(turn, message.epoch, message.membership);
  else backup.arbiterMessage(turn, message);
}

function journalFailed(turn: Turn, { why, end }: Extract<Input, { on: 'journal-failed' }>): void {
  if (turn.state.role.is !== 'taking') return handOver.journalFailed(turn, why, end);
  turn.effects.push({ do: 'undo-become', why });
  taking.becomeFailed(turn, why);
}

function tick(turn: Turn): void {
  operator.tick(turn);
  switch (turn.state.role.is) {
    case 'primary':
      return trouble.tick(turn);
    case 'lost':
    case 'starting':
    case 'waiting':
      return starting.tick(turn);
    case 'taking':
      return taking.tick(turn);
    case 'yielded':
      return turn.state.role.until <= turn.now ? handOver.yieldEnded(turn, false) : undefined;
    default:
      return;
  }
}

/** What follows from the new state whatever led to it: changes, periods, generations. */
function follow(turn: Turn): void {
  if (!isPrimary(turn)) return;
  operator.considerChange(turn);
  primary.considerPeriod(turn);
  considerGeneration(turn);
}

function request(turn: Turn, input: Extract<Input, { on: 'request' }>): void {
  const { id } = input;
  switch (input.what) {
    case 'set-no-failover':
    case 'clear-no-failover': {
      const set = input.what === 'set-no-failover';
      if (isPrimary(turn)) return noFailover.noFailover(turn, id, set);
      return noFailover.holdPromotion(turn, id, set) ? undefined : backup.askNoFailover(turn, id, set);
    }
    case 'hand-over':
    case 'stop':
      return isPrimary(turn) ? handOver.handOver(turn, id, input.what) : backup.stop(turn, id, input.what);
    case 'stop-nofailover':
      return isPrimary(turn) ? noFailover.stopNoFailover(turn, id) : backup.stop(turn, id, 'stop');
    case 'try-primary':
      return operator.tryPrimary(turn, id);
    case 'force-primary':
      return operator.forcePrimary(turn, id, input.confirmed);
    case 'resume-primary':
      return operator.resumePrimary(turn, id, input.confirmed);
    case 'stop-mirroring':
      return operator.stopMirroring(turn, id);
    case 'start-mirroring':
      return operator.startMirroring(turn, id);
    case 'change-membership':
      return operator.changeMembership(turn, id);
    default:
      return assertNever(input);
  }
}

/** Members, arbiter or Q changed; connections are made anew under the new membership. */
function membership(turn: Turn, input: Extract<Input, { on: 'membership' }>): void {
  const isOtherPartner = turn.state.partner !== input.partner;
  turn.state.membership = input.version;
  turn.state.qosMs = input.qosMs;
  turn.state.partner = input.partner;
  turn.state.arbiter.configured = input.arbiter;
  const { role } = turn.state;
  if (isOtherPartner) {
    starting.partnerChanged(turn);
    taking.partnerChanged(turn);
  }
  if (role.is !== 'primary') return;
  operator.changed(turn);
  if (role.backup !== null && role.backup.member !== input.partner) primary.backupLost(turn, 'it is no longer a member');
  // No generation tells it soon: who has missed a change, such as its own removal, is not to find an arbiter that has missed it too.
  if (role.backup === null && turn.state.arbiter.connected) turn.tellArbiter({ m: 'claim', epoch: role.epoch, membership: input.version });
}
