import { compareEpochs, epochText, newerEpoch, sameEpoch } from './epochs.ts';
import { arbiterHeld, backupHeld, backupLeft } from './generation.ts';
import { noFailover, noFailoverDone } from './no-failover.ts';
import type { PrimaryRole } from './state.ts';
import { abandonHandOver, stopNow, yieldIfFrozen } from './hand-over.ts';
import { beginTrouble, resolve } from './trouble.ts';
import type { Turn } from './turn.ts';
import type { AgentAnswer, Epoch, FromArbiter, Hello, HelloAnswer, PeerMessage, Reign } from './types.ts';

/** A primary and its backup: connecting, active periods, loss, and what others say of newer primaries. */

function primaryRole(turn: Turn): PrimaryRole {
  const role = turn.state.role;
  if (role.is !== 'primary') throw new Error(`asked as primary while ${role.is}`);
  return role;
}

/** Someone proved that a newer primary exists: nothing more becomes durable here, and only a person starts this member again. */
function stepDown(turn: Turn, why: string, theirs: Epoch): void {
  const { epoch } = primaryRole(turn);
  turn.gate('hold');
  turn.sawEpoch(theirs);
  turn.persist({ forcedDown: true });
  turn.log(2, 'SUPERSEDED', `${why} This member stops being primary now; nothing it had not acknowledged becomes durable.`, {
    known: epochText(theirs),
    of: theirs.member,
    mine: epochText(epoch),
  });
  turn.effects.push({ do: 'release-vip' }, { do: 'step-down', why });
  turn.state.role = { is: 'down', why };
}

/** Ends this primary's time if the epoch is a newer one's, or its own in another's name. True: it did. */
export function superseded(turn: Turn, theirs: Epoch): boolean {
  const { epoch } = primaryRole(turn);
  const order = compareEpochs(theirs, epoch);
  if (order < 0 || (order === 0 && sameEpoch(theirs, epoch))) return false;
  stepDown(turn, order > 0 ? `A newer primary (epoch ${epochText(theirs)}) is known.` : 'Two primaries claim the same epoch.', theirs);
  return true;
}

export function hello(turn: Turn, from: Hello): void {
  const role = primaryRole(turn);
  const theirs = newerEpoch(from.seen, from.journal.epoch);
  if (compareEpochs(theirs, role.epoch) > 0 || (compareEpochs(theirs, role.epoch) === 0 && !sameEpoch(theirs, role.epoch))) {
    turn.notPrimary();
    superseded(turn, theirs);
    return;
  }
  role.unmet = false;
  if (role.backup !== null) backupLost(turn, 'it connected anew');
  // A stop that waited for the backup goes through without it.
  if (turn.state.role.is !== 'primary') return turn.notPrimary();
  // In trouble the words alone prove nothing: they may be old ones. The first message over the connection they lead to does.
  if (role.trouble !== null && (from.role === 'taking' || !from.gaveUp)) return turn.notPrimary();
  if (role.yielding !== null) return turn.notPrimary();
  // A former primary that asks whether it is still needed is told, but is no backup.
  if (from.role !== 'in-trouble' && from.role !== 'primary') {
    role.backup = { member: from.member, boot: from.boot, active: false, arbiter: false, canTakeOver: false, caughtUp: false };
    turn.log(0, 'BACKUP_CONNECTED', 'The backup connected and receives the journal.', { backup: from.member });
  }
  const { boot, membership, durable, qosMs } = turn.state;
  turn.effects.push({
    do: 'answer-hello',
    answer: { is: 'primary', boot, epoch: role.epoch, membership, noFailover: durable.noFailover, qosMs },
  });
}

/** The answer to this primary's own question: in trouble, or after an operator's word made it primary. */
export function helloAnswered(turn: Turn, answer: HelloAnswer, question: number): void {
  const role = primaryRole(turn);
  const theirs =
    answer.is === 'primary' ? answer.epoch : answer.is === 'not-primary' ? newerEpoch(answer.seen, answer.journal.epoch) : null;
  if (theirs !== null && superseded(turn, theirs)) return;
  role.unmet = false;
  if (role.trouble === null || question < role.trouble.firstQuestion || answer.is !== 'not-primary') return;
  const resting = answer.role === 'lost' || answer.role === 'waiting' || answer.role === 'starting' || answer.role === 'stopped';
  if (resting) resolve(turn, 'the backup answered that it is not primary and will not take over', { backupIs: answer.role });
}

/** The backup holds everything written so far: from now on every commit waits for it. */
export function caughtUp(turn: Turn): void {
  const { backup } = primaryRole(turn);
  if (backup !== null) backup.caughtUp = true;
}

/** After every step: the backup that holds everything becomes active. */
export function considerPeriod(turn: Turn): void {
  const role = primaryRole(turn);
  const { backup } = role;
  if (backup === null || !backup.caughtUp || backup.active) return;
  if (role.yielding !== null || role.trouble !== null || role.frozen !== null || role.changing !== null) return;
  role.periods += 1;
  turn.persist({
    period: { epoch: role.epoch, n: role.periods, backup: backup.member, ended: false },
    reign: { epoch: role.epoch, boot: turn.state.boot, n: role.periods },
  });
  turn.gate('remote');
  backup.active = true;
  // Told while it connected it may have missed it.
  turn.effects.push({ do: 'tell-membership' });
  turn.tellPeer({ m: 'active', n: role.periods, epoch: role.epoch });
  turn.log(0, 'BACKUP_ACTIVE', 'The backup is active: commits wait for its acknowledgement.', {
    backup: backup.member,
    period: role.periods,
    epoch: epochText(role.epoch),
  });
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
      facts: { backup: lost.member, why },
    });
  }
  // It connected after an active one was lost and has not proven yet that it will not take over: the trouble goes on.
  if (role.trouble !== null) return;
  if (!lost.active) {
    role.generation = null;
    // A change of the mirror ends periods and leaves commits waiting for the backup, be it over by now or not.
    if (role.yielding === null) turn.gate('open');
    turn.log(1, 'BACKUP_LOST_INACTIVE', `The connection to the backup was lost (${why}); it was not active, so this member works on.`, {
      backup: lost.member,
      why,
    });
    return;
  }
  beginTrouble(turn, lost.member, lost.boot, why);
  abandonHandOver(turn);
}

export function agentAnswered(turn: Turn, answer: AgentAnswer, question: number): void {
  const role = primaryRole(turn);
  if (answer.member !== turn.state.partner) return;
  if (superseded(turn, answer.journal === null ? answer.seen : newerEpoch(answer.seen, answer.journal.epoch))) return;
  if (role.trouble === null || question < role.trouble.firstQuestion) return;
  // Its activity ended with its process; a new process asks before it takes over. Of another copy of it nothing follows.
  if (answer.state === 'down' && answer.journal !== null && answer.boot === role.trouble.backupBoot)
    resolve(turn, "the backup's agent states that it is down and has not taken over", { backupIs: 'down', boot: answer.boot });
}

/** Word left with this member's agent. Of an earlier period, or another process, it says nothing about this trouble. */
export function backupGaveUp(turn: Turn, member: string, had: Reign): void {
  const role = primaryRole(turn);
  if (role.trouble === null || member !== turn.state.partner || had.boot !== turn.state.boot) return;
  if (!sameEpoch(had.epoch, role.epoch) || had.n !== role.periods) return;
  resolve(turn, "the backup left word with this member's agent that it does not take over", { period: had.n });
}

export function arbiterMessage(turn: Turn, message: FromArbiter): void {
  const role = primaryRole(turn);
  if (message.m === 'known') {
    if (message.epoch !== null) superseded(turn, message.epoch);
    return;
  }
  const current = role.generation;
  if (current === null || !('g' in message) || message.g !== current.gen.g) return;
  switch (message.m) {
    case 'hold':
      return arbiterHeld(turn, current);
    case 'verdict':
      if (role.trouble === null) return;
      if (message.verdict === 'primary-continues')
        resolve(turn, 'the arbiter has lost the backup too, or the backup has given up', { generation: current.gen.g });
      else
        turn.log(2, 'BACKUP_TAKES_OVER', 'The arbiter has let the backup take over; this member stays in trouble until it hears from it.', {
          generation: current.gen.g,
        });
      return;
    case 'unknown':
      if (current.phase === 'proposed') role.generation = null;
      return;
    default:
      return;
  }
}

/** Returns false when the message is not one a primary takes. */
export function peerMessage(turn: Turn, message: PeerMessage): boolean {
  const role = turn.state.role;
  if (role.is !== 'primary') return false;
  // Over this connection the backup has said, after this primary's answer, that it follows: it cannot take over by anything older.
  if (role.trouble !== null && role.backup !== null)
    resolve(turn, 'the backup reconnected and has given up taking over', { backupIs: 'connected' });
  switch (message.m) {
    case 'beat':
      return beat(turn, role, message);
    case 'hold':
      backupHeld(turn, message.g);
      return true;
    case 'leaving':
      backupLeft(turn, message.g);
      return true;
    case 'period-ended':
      return periodEnded(turn, role, message.n);
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

function beat(turn: Turn, role: PrimaryRole, message: Extract<PeerMessage, { m: 'beat' }>): true {
  if (role.backup === null) return true;
  role.backup.arbiter = message.arbiter;
  role.backup.canTakeOver = message.canTakeOver;
  yieldIfFrozen(turn);
  return true;
}

/** The backup agrees that the period has ended. It stays caught up: commits go on waiting for it until the next period or its loss. */
function periodEnded(turn: Turn, role: PrimaryRole, n: number): true {
  if (role.changing?.phase !== 'ending' || role.backup === null || n !== role.periods) return true;
  turn.endPeriod();
  role.backup.active = false;
  return true;
}
