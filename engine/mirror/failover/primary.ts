import { compareEpochs, newerEpoch, sameEpoch, type PrimaryRole, type Turn } from './state.ts';
import type { AgentAnswer, Epoch, FromArbiter, Hello, HelloAnswer, PeerMessage, Position } from './types.ts';

/** What a primary decides: active periods, trouble, generations, hand-over. */

function primaryRole(turn: Turn): PrimaryRole {
  const role = turn.state.role;
  if (role.is !== 'primary') throw new Error(`asked as primary while ${role.is}`);
  return role;
}

/** Someone proved that a newer primary exists: nothing more becomes durable here, and a person starts this member again. */
function stepDown(turn: Turn, why: string): void {
  turn.gate('hold');
  turn.log(2, 'SUPERSEDED', `${why} This member stops being primary now; nothing it had not acknowledged becomes durable.`);
  turn.effects.push({ do: 'step-down', why });
  turn.state.role = { is: 'down', why };
}

export function hello(turn: Turn, from: Hello): void {
  const role = primaryRole(turn);
  const why = supersededBy(newerEpoch(from.seen, from.journal.epoch), role.epoch);
  if (why !== null) {
    turn.notPrimary();
    return stepDown(turn, why);
  }
  if (role.backup !== null) backupLost(turn, 'it connected anew');
  // A stop that waited for the backup goes through without it.
  if (turn.state.role.is !== 'primary') return turn.notPrimary();
  // In trouble the words alone prove nothing: they may be old ones. The first message over the connection they lead to does.
  if (role.trouble !== null && (from.role === 'taking' || !from.gaveUp)) return turn.notPrimary();
  if (role.yielding !== null) return turn.notPrimary();
  // A former primary that asks whether it is still needed is told, but is no backup.
  if (from.role !== 'in-trouble' && from.role !== 'primary') {
    role.backup = { member: from.member, boot: from.boot, active: false, arbiter: false, canTakeOver: false, caughtUp: false };
    turn.log(0, 'BACKUP_CONNECTED', 'The backup connected and receives the journal.');
  }
  const { boot, membership, durable, qosMs } = turn.state;
  turn.effects.push({
    do: 'answer-hello',
    answer: { is: 'primary', boot, epoch: role.epoch, membership, noFailover: durable.noFailover, qosMs },
  });
}

/** The answer to this primary's own question in trouble. */
export function helloAnswered(turn: Turn, answer: HelloAnswer, question: number): void {
  const role = primaryRole(turn);
  const theirs =
    answer.is === 'primary' ? answer.epoch : answer.is === 'not-primary' ? newerEpoch(answer.seen, answer.journal.epoch) : null;
  const why = theirs === null ? null : supersededBy(theirs, role.epoch);
  if (why !== null) return stepDown(turn, why);
  if (role.trouble === null || question < role.trouble.firstQuestion || answer.is !== 'not-primary') return;
  if (answer.role === 'lost' || answer.role === 'waiting' || answer.role === 'starting')
    resolve(turn, 'the backup answered that it is not primary and will not take over');
}

/** Why an epoch known elsewhere ends this primary's time; null: it does not. */
function supersededBy(theirs: Epoch, mine: Epoch): string | null {
  if (compareEpochs(theirs, mine) > 0) return `The other failover member knows a newer primary (epoch ${theirs.major}.${theirs.minor}).`;
  return compareEpochs(theirs, mine) === 0 && !sameEpoch(theirs, mine) ? 'Two primaries claim the same epoch.' : null;
}

/** The backup holds everything written so far: from now on every commit waits for it. */
export function caughtUp(turn: Turn): void {
  const { backup } = primaryRole(turn);
  if (backup === null) return;
  backup.caughtUp = true;
  beginPeriod(turn);
}

function beginPeriod(turn: Turn): void {
  const role = primaryRole(turn);
  if (role.backup === null || !role.backup.caughtUp || role.backup.active || role.yielding !== null || role.trouble !== null) return;
  role.periods += 1;
  turn.persist({ period: { epoch: role.epoch, n: role.periods, backup: role.backup.member, ended: false } });
  turn.gate('remote');
  role.backup.active = true;
  turn.tellPeer({ m: 'active', n: role.periods, epoch: role.epoch });
  turn.log(0, 'BACKUP_ACTIVE', 'The backup is active: commits wait for its acknowledgement.');
}

export function backupLost(turn: Turn, why: string): void {
  const role = primaryRole(turn);
  const lost = role.backup;
  if (lost === null) return;
  role.backup = null;
  turn.effects.push({ do: 'hang-up-peer', why });
  const pending = role.pendingNoFailover;
  role.pendingNoFailover = null;
  if (pending !== null) {
    if (pending.thenStop) return stopNow(turn, pending.id);
    turn.answer(pending.id, {
      code: 'UNREACHABLE',
      text: 'The backup was lost before it confirmed; the change holds on this member only.',
    });
  }
  // It connected after an active one was lost and has not proven yet that it will not take over: the trouble goes on.
  if (role.trouble !== null) return;
  if (!lost.active) {
    role.generation = null;
    turn.log(1, 'BACKUP_LOST_INACTIVE', `The connection to the backup was lost (${why}); it was not active, so this member works on.`);
    return;
  }
  turn.gate('hold');
  if (role.generation?.phase === 'proposed') role.generation = null;
  const bound = role.generation !== null;
  role.trouble = { since: turn.now, until: bound ? null : turn.now + 2 * turn.state.qosMs, firstQuestion: turn.state.questions + 1 };
  turn.log(
    2,
    'PRIMARY_IN_TROUBLE',
    `The active backup was lost (${why}). Nothing becomes durable until it is certain that it does not take over.`,
  );
  if (role.generation !== null) turn.tellArbiter({ m: 'lost', g: role.generation.gen.g, who: lost.member });
  askAround(turn);
  abandonHandOver(turn);
}

function abandonHandOver(turn: Turn): void {
  const role = primaryRole(turn);
  if (role.yielding === null) return;
  const { id, then } = role.yielding;
  role.yielding = null;
  if (then === 'stop') stopNow(turn, id);
  else {
    turn.answer(id, { code: 'UNREACHABLE', text: 'The backup was lost before it could take over; this member stays primary.' });
    turn.effects.push({ do: 'resume' });
  }
}

/** In trouble: whoever can say that the backup does not take over is asked. */
function askAround(turn: Turn): void {
  const role = primaryRole(turn);
  role.dialAt = turn.now + turn.retryMs;
  if (role.backup === null) turn.dialPeer(false);
  turn.askAgent(false);
}

export function tick(turn: Turn): void {
  const role = primaryRole(turn);
  if (role.trouble === null) return;
  if (role.trouble.until !== null && role.trouble.until <= turn.now) return resolve(turn, 'the trouble timeout has passed');
  if (role.dialAt <= turn.now) askAround(turn);
}

/** It is certain that the backup of this period does not take over: work on alone. */
function resolve(turn: Turn, why: string): void {
  const role = primaryRole(turn);
  turn.endPeriod();
  role.generation = null;
  role.trouble = null;
  turn.gate('open');
  turn.log(1, 'PRIMARY_RESUMES', `This member works on as primary: ${why}.`);
  beginPeriod(turn);
}

export function agentAnswered(turn: Turn, answer: AgentAnswer, question: number): void {
  const role = primaryRole(turn);
  if (answer.member !== turn.state.partner) return;
  const why = answer.journal === null ? null : supersededBy(answer.journal.epoch, role.epoch);
  if (why !== null) return stepDown(turn, why);
  if (role.trouble === null || question < role.trouble.firstQuestion) return;
  // Its activity ended with its process; a new process asks before it takes over.
  if (answer.state === 'down' && answer.journal !== null) resolve(turn, "the backup's agent states that it is down and has not taken over");
}

export function arbiterMessage(turn: Turn, message: FromArbiter): void {
  const role = primaryRole(turn);
  const current = role.generation;
  if (current === null || !('g' in message) || message.g !== current.gen.g) return;
  switch (message.m) {
    case 'hold':
      current.heldByArbiter = true;
      return bindWhenHeld(turn);
    case 'verdict':
      if (role.trouble === null) return;
      if (message.verdict === 'primary-continues') resolve(turn, 'the arbiter has lost the backup too, or the backup has given up');
      else
        turn.log(2, 'BACKUP_TAKES_OVER', 'The arbiter has let the backup take over; this member stays in trouble until it hears from it.');
      return;
    case 'unknown':
      if (current.phase === 'proposed') role.generation = null;
      return;
    default:
      return;
  }
}

export function arbiterBack(turn: Turn): void {
  const role = primaryRole(turn);
  if (role.trouble !== null && role.generation !== null && turn.state.partner !== null) {
    turn.tellArbiter({ m: 'lost', g: role.generation.gen.g, who: turn.state.partner });
  }
}

export function arbiterLost(turn: Turn): void {
  turn.log(2, 'ARBITER_LOST', 'The connection to the arbiter was lost.');
  leaveGeneration(turn);
}

function bindWhenHeld(turn: Turn): void {
  const current = primaryRole(turn).generation;
  if (current === null || current.phase !== 'proposed' || !current.heldByArbiter || !current.heldByBackup) return;
  current.phase = 'bound';
  turn.tellPeer({ m: 'formed', g: current.gen.g });
  turn.log(0, 'ARBITER_CONTROLLED', 'Arbiter controlled mode: the arbiter decides if the failover members lose each other.');
}

/** Leaving needs the backup's answer; until then the generation binds. A proposed one was never binding. */
function leaveGeneration(turn: Turn): void {
  const role = primaryRole(turn);
  const current = role.generation;
  if (current === null || role.trouble !== null || current.phase === 'leaving') return;
  if (current.phase === 'proposed') {
    turn.tellPeer({ m: 'left', g: current.gen.g });
    role.generation = null;
    return;
  }
  current.phase = 'leaving';
  turn.tellPeer({ m: 'leave', g: current.gen.g });
}

/** After every step: form a generation when all three links are up and the backup is active, leave it when they are not. */
export function considerGeneration(turn: Turn): void {
  const role = primaryRole(turn);
  const possible =
    role.backup?.active === true && role.backup.arbiter && turn.state.arbiter.connected && role.trouble === null && role.yielding === null;
  if (role.generation !== null) {
    if (!possible && role.yielding === null) leaveGeneration(turn);
    return;
  }
  if (!possible || role.backup === null) return;
  role.generations += 1;
  const gen = {
    g: `${role.epoch.major}.${role.epoch.minor}.${role.generations}@${turn.state.boot}`,
    primary: turn.state.self,
    primaryBoot: turn.state.boot,
    backup: role.backup.member,
    backupBoot: role.backup.boot,
    membership: turn.state.membership,
    epoch: role.epoch,
  };
  role.generation = { gen, phase: 'proposed', heldByArbiter: false, heldByBackup: false };
  turn.tellArbiter({ m: 'propose', gen });
  turn.tellPeer({ m: 'propose', gen });
}

/** Returns false when the message is not one a primary (or a member that yielded) takes. */
export function peerMessage(turn: Turn, message: PeerMessage): boolean {
  const role = turn.state.role;
  if (role.is === 'yielded') return yieldedMessage(turn, message);
  if (role.is !== 'primary') return false;
  // Over this connection the backup has said, after this primary's answer, that it follows: it cannot take over by anything older.
  if (role.trouble !== null && role.backup !== null) resolve(turn, 'the backup reconnected and has given up taking over');
  switch (message.m) {
    case 'beat':
      if (role.backup !== null) {
        role.backup.arbiter = message.arbiter;
        role.backup.canTakeOver = message.canTakeOver;
      }
      return true;
    case 'hold':
      if (role.generation?.gen.g === message.g) {
        role.generation.heldByBackup = true;
        bindWhenHeld(turn);
      }
      return true;
    case 'leaving':
      if (role.generation?.gen.g === message.g && role.generation.phase === 'leaving') {
        role.generation = null;
        turn.tellPeer({ m: 'left', g: message.g });
        turn.log(0, 'AGENT_CONTROLLED', 'Agent controlled mode.');
      }
      return true;
    case 'ask-no-failover':
      noFailover(turn, null, message.set);
      return true;
    case 'no-failover-done':
      noFailoverDone(turn);
      return true;
    default:
      return false;
  }
}

/** Sets or clears no failover for the mirror; confirmed once durable on both members. */
export function noFailover(turn: Turn, id: number | null, set: boolean): void {
  const role = primaryRole(turn);
  const epoch = set ? role.epoch : null;
  const refusal =
    role.trouble !== null
      ? 'This primary is in trouble; nothing is changed until it is out of it.'
      : role.pendingNoFailover !== null
        ? 'Such a change is under way already.'
        : null;
  if (refusal !== null) return id === null ? undefined : turn.answer(id, { code: 'REFUSED', text: refusal });
  if (set) leaveGeneration(turn);
  turn.persist({ noFailover: epoch });
  turn.log(
    1,
    set ? 'NO_FAILOVER_SET' : 'NO_FAILOVER_CLEARED',
    set ? 'No failover is set: the backup will not take over.' : 'No failover is cleared.',
  );
  if (role.backup === null) {
    if (id !== null) turn.answer(id, null);
    return;
  }
  if (id !== null) role.pendingNoFailover = { id, thenStop: false };
  turn.tellPeer({ m: 'no-failover', epoch });
}

function noFailoverDone(turn: Turn): void {
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
    if (other !== null) turn.answer(other.id, { code: 'REFUSED', text: 'This member is being stopped.' });
  role.yielding = null;
  if (role.backup === null || role.trouble !== null) return stopNow(turn, id);
  leaveGeneration(turn);
  turn.persist({ noFailover: role.epoch });
  role.pendingNoFailover = { id, thenStop: true };
  turn.tellPeer({ m: 'no-failover', epoch: role.epoch });
}

function stopNow(turn: Turn, id: number): void {
  turn.answer(id, null);
  turn.effects.push({ do: 'handed-over', accepted: false });
  turn.state.role = { is: 'down', why: 'This member stops.' };
}

/** A graceful stop or a switch over: the active backup is asked to take over. */
export function handOver(turn: Turn, id: number, then: 'hand-over' | 'stop'): void {
  const role = primaryRole(turn);
  const refusal = handOverRefusal(turn);
  if (role.yielding !== null) return turn.answer(id, { code: 'REFUSED', text: 'A hand-over is already under way.' });
  if (refusal !== null && then === 'hand-over') return turn.answer(id, refusal);
  if (refusal !== null) {
    turn.log(1, 'STOP_WITHOUT_TAKEOVER', `Stopping without a hand-over. ${refusal.text}`);
    return stopNow(turn, id);
  }
  role.yielding = { id, then };
  turn.effects.push({ do: 'drain' });
}

function handOverRefusal(turn: Turn): { code: string; text: string } | null {
  const role = primaryRole(turn);
  if (role.trouble !== null) return { code: 'REFUSED', text: 'This primary is in trouble; nothing is changed until it is out of it.' };
  if (role.backup === null) return { code: 'REFUSED', text: 'No backup is connected, so nobody could take over.' };
  if (!role.backup.active) return { code: 'REFUSED', text: 'The backup is not active yet; wait until its journal transfer is Active.' };
  if (!role.backup.canTakeOver)
    return { code: 'REFUSED', text: 'The backup says that it could not become primary now; see its messages.log.' };
  if (turn.state.durable.noFailover !== null) return { code: 'REFUSED', text: 'No failover is set; clear it first.' };
  return null;
}

/** Everything taken is durable on both: say so and stop for good in this epoch. */
export function drained(turn: Turn, end: Position): void {
  const role = turn.state.role;
  if (role.is !== 'primary' || role.yielding === null) return;
  turn.persist({ yielded: role.epoch });
  turn.gate('hold');
  turn.tellPeer({ m: 'take-over', epoch: role.epoch, end });
  turn.log(1, 'HAND_OVER', 'The backup is asked to take over.');
  turn.answer(role.yielding.id, null);
  turn.state.role = { is: 'yielded', epoch: role.epoch, until: turn.now + turn.state.qosMs };
}

function yieldedMessage(turn: Turn, message: PeerMessage): boolean {
  if (message.m === 'taking-over') yieldEnded(turn, true);
  else if (message.m === 'cannot-take-over') yieldEnded(turn, false);
  else return message.m === 'beat' || message.m === 'leaving' || message.m === 'hold';
  return true;
}

export function yieldEnded(turn: Turn, accepted: boolean): void {
  if (!accepted)
    turn.log(
      2,
      'HAND_OVER_UNCONFIRMED',
      'The backup did not confirm that it takes over; this member does not act as primary again before it knows.',
    );
  turn.effects.push({ do: 'handed-over', accepted });
  turn.state.role = { is: 'down', why: 'Handed over.' };
}

/** A member joined or left; connections are made anew under the new membership. */
export function membershipChanged(turn: Turn): void {
  const role = primaryRole(turn);
  if (role.backup !== null && role.backup.member !== turn.state.partner) backupLost(turn, 'it is no longer a member');
}
