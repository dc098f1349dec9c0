import { assertNever } from '../../io/assert.ts';
import * as backup from './backup.ts';
import * as primary from './primary.ts';
import * as starting from './starting.ts';
import { Turn, type MemberState } from './state.ts';
import * as taking from './taking.ts';
import type { Effect, Facts, Hello, Input } from './types.ts';

/**
 * One step of a failover member's decisions: pure. The effects are to be carried out in their order, each finished
 * before the next; inputs that arrive meanwhile wait.
 */
export function step(before: MemberState, input: Input, facts: Facts): { state: MemberState; effects: Effect[] } {
  const turn = new Turn(before, facts);
  dispatch(turn, input);
  follow(turn);
  turn.scheduleWake();
  return { state: turn.state, effects: turn.effects };
}

function dispatch(turn: Turn, input: Input): void {
  switch (input.on) {
    case 'tick':
      return tick(turn);
    case 'start':
      return starting.start(turn);
    case 'hello':
      return hello(turn, input.hello);
    case 'hello-answer':
      return turn.state.role.is === 'primary'
        ? primary.helloAnswered(turn, input.answer, input.question)
        : starting.helloAnswered(turn, input.answer, input.question);
    case 'dial-failed':
      return starting.dialFailed(turn, input.question);
    case 'peer-lost':
      return peerLost(turn, input.why);
    case 'peer':
      return primary.peerMessage(turn, input.message) || backup.peerMessage(turn, input.message) ? undefined : turn.ignore(input.message.m);
    case 'caught-up':
      return primary.caughtUp(turn);
    case 'arbiter-up':
      return arbiterUp(turn);
    case 'arbiter-lost':
      turn.state.arbiter.connected = false;
      turn.state.arbiter.otherConnected = false;
      return turn.state.role.is === 'primary' ? primary.arbiterLost(turn) : backup.arbiterLost(turn);
    case 'arbiter':
      return arbiterMessage(turn, input.message);
    case 'agent':
      return turn.state.role.is === 'primary'
        ? primary.agentAnswered(turn, input.answer, input.question)
        : starting.agentAnswered(turn, input.answer, input.question);
    case 'agent-silent':
      return turn.state.role.is === 'primary' ? undefined : starting.agentSilent(turn, input.question);
    case 'became':
      return taking.became(turn, input.epoch);
    case 'become-failed':
      return taking.becomeFailed(turn, input.why);
    case 'drained':
      return primary.drained(turn, input.end);
    case 'request':
      return request(turn, input.id, input.what);
    case 'membership':
      return membership(turn, input);
    case 'hook-answer':
    case 'vip':
    case 'journal-failed':
    case 'hung':
      return;
    default:
      return assertNever(input);
  }
}

function hello(turn: Turn, from: Hello): void {
  if (from.member !== turn.state.partner) return turn.refuseHello();
  turn.sawEpoch(from.seen);
  if (turn.state.role.is === 'primary') primary.hello(turn, from);
  else starting.hello(turn, from);
}

function arbiterUp(turn: Turn): void {
  turn.state.arbiter.connected = true;
  const role = turn.state.role;
  if (role.is === 'primary') primary.arbiterBack(turn);
  else if (role.is === 'backup') turn.beat();
}

function peerLost(turn: Turn, why: string): void {
  const role = turn.state.role.is;
  if (role === 'primary') primary.backupLost(turn, why);
  else if (role === 'backup') backup.primaryLost(turn, why, false);
  else if (role === 'yielded') primary.yieldEnded(turn, false);
}

function arbiterMessage(turn: Turn, message: Extract<Input, { on: 'arbiter' }>['message']): void {
  if (message.m === 'ping') return turn.tellArbiter({ m: 'pong', nonce: message.nonce });
  if (message.m === 'other') {
    turn.state.arbiter.otherConnected = message.connected;
    return;
  }
  if (turn.state.role.is === 'primary') primary.arbiterMessage(turn, message);
  else backup.arbiterMessage(turn, message);
}

function tick(turn: Turn): void {
  switch (turn.state.role.is) {
    case 'primary':
      return primary.tick(turn);
    case 'lost':
    case 'starting':
    case 'waiting':
      return starting.tick(turn);
    case 'taking':
      return taking.tick(turn);
    case 'yielded':
      return turn.state.role.until <= turn.now ? primary.yieldEnded(turn, false) : undefined;
    default:
      return;
  }
}

/** What follows from the new state whatever led to it: forming and leaving generations. */
function follow(turn: Turn): void {
  if (turn.state.role.is === 'primary') primary.considerGeneration(turn);
}

function request(turn: Turn, id: number, what: Extract<Input, { on: 'request' }>['what']): void {
  switch (what) {
    case 'set-no-failover':
    case 'clear-no-failover':
      return turn.state.role.is === 'primary'
        ? primary.noFailover(turn, id, what === 'set-no-failover')
        : backup.askNoFailover(turn, id, what === 'set-no-failover');
    case 'hand-over':
    case 'stop':
      return turn.state.role.is === 'primary' ? primary.handOver(turn, id, what) : backup.stop(turn, id, what);
    case 'stop-nofailover':
      return turn.state.role.is === 'primary' ? primary.stopNoFailover(turn, id) : backup.stop(turn, id, 'stop');
    case 'try-primary':
    case 'force-primary':
    case 'resume-primary':
    case 'stop-mirroring':
    case 'start-mirroring':
    case 'change-membership':
      return turn.answer(id, { code: 'REFUSED', text: 'This cannot be done now.' });
    default:
      return assertNever(what);
  }
}

function membership(turn: Turn, input: Extract<Input, { on: 'membership' }>): void {
  turn.state.membership = input.version;
  turn.state.qosMs = input.qosMs;
  turn.state.partner = input.partner;
  turn.state.arbiter.configured = input.arbiter;
  if (turn.state.role.is === 'primary') primary.membershipChanged(turn);
}
