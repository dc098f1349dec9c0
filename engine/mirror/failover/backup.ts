import { epochText } from './epochs.ts';
import type { Asking, LostRole } from './state.ts';
import type { Turn } from './turn.ts';
import { takeOver } from './taking.ts';
import type { FromArbiter, PeerMessage } from './types.ts';

/** What a connected backup decides, and a backup that just lost its primary. */

/** Returns false when the message is not one a backup takes. */
export function peerMessage(turn: Turn, message: PeerMessage): boolean {
  const role = turn.state.role;
  if (role.is !== 'backup') return false;
  switch (message.m) {
    case 'active':
      role.active = message.n;
      turn.persist({ lastSeenPrimary: { primary: role.primary, epoch: role.epoch, active: true } });
      turn.log(0, 'ACTIVE', 'This backup is active: it has everything the primary acknowledged.', { period: message.n });
      return true;
    case 'end-period':
      role.active = null;
      turn.persist({ lastSeenPrimary: { primary: role.primary, epoch: role.epoch, active: false } });
      turn.tellPeer({ m: 'period-ended', n: message.n });
      return true;
    case 'propose':
      return hold(turn, message);
    case 'formed':
      if (role.generation?.gen.g === message.g && role.generation.phase === 'held') role.generation.phase = 'formed';
      return true;
    case 'leave':
      if (role.generation?.gen.g === message.g) role.generation.phase = 'leaving';
      turn.tellPeer({ m: 'leaving', g: message.g });
      return true;
    case 'left':
      if (role.generation?.gen.g === message.g) role.generation = null;
      return true;
    case 'take-over':
      return requested(turn, message);
    case 'no-failover':
      turn.persist({ noFailover: message.epoch });
      turn.tellPeer({ m: 'no-failover-done', epoch: message.epoch });
      if (role.pendingNoFailover !== null) turn.answer(role.pendingNoFailover.id, null);
      role.pendingNoFailover = null;
      return true;
    case 'beat':
      return true;
    default:
      return false;
  }
}

function hold(turn: Turn, message: Extract<PeerMessage, { m: 'propose' }>): true {
  const role = turn.state.role;
  const gen = message.gen;
  const mine =
    role.is === 'backup' &&
    role.active !== null &&
    gen.membership === turn.state.membership &&
    gen.backup === turn.state.self &&
    gen.backupBoot === turn.state.boot &&
    gen.primaryBoot === role.primaryBoot;
  if (role.is !== 'backup' || !mine || !turn.state.arbiter.connected) return true;
  role.generation = { gen, phase: 'held' };
  turn.tellArbiter({ m: 'hold', g: gen.g });
  turn.tellPeer({ m: 'hold', g: gen.g });
  return true;
}

function requested(turn: Turn, message: Extract<PeerMessage, { m: 'take-over' }>): true {
  const role = turn.state.role;
  if (role.is !== 'backup') return true;
  const { file, offset } = turn.facts.journal.position;
  // More than the end is there when the primary failed to write what it had sent.
  const complete = file > message.end.file || (file === message.end.file && offset >= message.end.offset);
  const why = !complete
    ? 'This member does not hold the last journal data.'
    : turn.state.durable.noFailover !== null
      ? 'No failover is set.'
      : turn.facts.canTakeOver
        ? null
        : turn.facts.cannotWhy;
  if (why !== null) {
    turn.log(2, 'CANNOT_TAKE_OVER', `The primary asked this member to take over, but it cannot. ${why}`, { why, file, offset });
    turn.tellPeer({ m: 'cannot-take-over', why });
    return true;
  }
  // Accepting counts as having become primary: every generation is left before the answer goes out.
  const primary = role.primary;
  turn.tellPeer({ m: 'taking-over', epoch: message.epoch });
  turn.log(1, 'TAKE_OVER_REQUESTED', 'The primary asked this member to take over.', { epoch: epochText(message.epoch), file, offset });
  takeOver(turn, { by: 'request', from: primary }, 0);
  return true;
}

/** @param givingUp the primary or the arbiter has to be told that this member does not take over by the last generation */
export function primaryLost(turn: Turn, why: string, givingUp: boolean): void {
  const role = turn.state.role;
  if (role.is !== 'backup') return;
  if (role.pendingNoFailover !== null)
    turn.answer(role.pendingNoFailover.id, {
      code: 'UNREACHABLE',
      text: 'The primary was lost before it confirmed the change.',
      facts: { why },
    });
  turn.effects.push({ do: 'hang-up-peer', why });
  turn.log(role.active === null ? 1 : 2, 'PRIMARY_LOST', `The connection to the primary was lost (${why}).`, {
    why,
    active: role.active === null ? 0 : 1,
    generation: role.generation === null ? 'none' : role.generation.phase,
    arbiter: turn.state.arbiter.connected ? 'connected' : 'not connected',
  });
  const gen = role.active !== null && role.generation?.phase === 'formed' ? role.generation.gen : null;
  const may = turn.facts.canTakeOver && turn.state.durable.noFailover === null;
  const askArbiter = gen !== null && may && !givingUp && turn.state.arbiter.connected;
  if (askArbiter) turn.tellArbiter({ m: 'lost', g: gen.g, who: role.primary });
  const lost: LostRole = {
    is: 'lost',
    epoch: role.epoch,
    since: turn.now,
    primary: role.primary,
    had: { epoch: role.epoch, boot: role.primaryBoot, n: role.active ?? 0 },
    passedOver: role.generation !== null,
    why: '',
    generation: askArbiter ? gen : null,
    askAt: turn.now,
    asking: null,
  };
  turn.state.role = lost;
  lost.asking = turn.askAgent(may);
  if (may) return;
  const reason = turn.state.durable.noFailover !== null ? 'No failover is set; this member does not take over.' : turn.facts.cannotWhy;
  turn.log(2, 'CANNOT_TAKE_OVER', reason, { why: reason });
  turn.notifyFailed();
}

/** A backup without its arbiter follows the agent rules; a generation it could still have used is given up for good. */
export function arbiterLost(turn: Turn): void {
  const role = turn.state.role;
  turn.log(2, 'ARBITER_LOST', 'The connection to the arbiter was lost.');
  if (role.is === 'lost') role.generation = null;
  if (role.is === 'backup') turn.beat();
}

export function arbiterMessage(turn: Turn, message: FromArbiter): void {
  if (!('g' in message)) return;
  const role = turn.state.role;
  if (message.m === 'give-up') {
    // Who has the right already, by another way, does not give it up.
    if (role.is === 'taking' || role.is === 'primary') return;
    giveUp(turn, message.g);
    turn.tellArbiter({ m: 'gave-up', g: message.g });
    return;
  }
  if (role.is !== 'lost' || role.generation?.g !== message.g) return;
  if (message.m === 'verdict' && message.verdict === 'backup-takes-over') {
    if (!turn.facts.canTakeOver) return;
    turn.log(2, 'VERDICT', 'The arbiter has lost the primary too: this member takes over.', { generation: message.g });
    // Not proven down, perhaps only cut off: its clients may still read from it for half a QoS timeout after it sent what was last echoed here.
    takeOver(turn, { by: 'verdict', g: message.g }, turn.facts.lastBeatFromPeer + turn.state.qosMs * 0.55);
    askWhetherDown(turn, role.asking);
    return;
  }
  role.generation = null;
}

/**
 * The question asked since the primary was lost, if it is under way, is as good as a new one: this member, which could have had the
 * verdict all the time, has let nobody else become primary meanwhile.
 */
function askWhetherDown(turn: Turn, asking: Asking | null): void {
  const { role } = turn.state;
  if (role.is === 'taking' && asking?.whom === 'agent') role.firstQuestion = asking.question;
  else turn.askAgent(false);
}

/** Leaves a generation for good: later verdicts in it are ignored. */
function giveUp(turn: Turn, g: string): void {
  const role = turn.state.role;
  if (role.is === 'lost' && role.generation?.g === g) role.generation = null;
  // The primary has lost this member, whatever the connection looks like from here.
  if (role.is === 'backup' && role.generation?.gen.g === g) primaryLost(turn, 'the primary has lost this member', true);
}

export function askNoFailover(turn: Turn, id: number, set: boolean): void {
  const role = turn.state.role;
  if (role.is !== 'backup')
    return turn.answer(id, {
      code: 'NOT_PRIMARY',
      text: 'This member is neither primary nor connected to it; set or clear no failover on the primary.',
    });
  if (role.pendingNoFailover !== null) return turn.answer(id, { code: 'BUSY', text: 'Such a change is under way already.' });
  role.pendingNoFailover = { id };
  turn.tellPeer({ m: 'ask-no-failover', set });
}

/** A member that is not primary just stops. */
export function stop(turn: Turn, id: number, what: 'hand-over' | 'stop'): void {
  if (what === 'hand-over')
    return turn.answer(id, { code: 'NOT_PRIMARY', text: 'This member is not primary, so it has no place to hand over.' });
  turn.answer(id, null);
  if (turn.state.role.is === 'taking') turn.effects.push({ do: 'release-vip' });
  turn.effects.push({ do: 'handed-over', accepted: false });
}
