import { compareEpochs } from './epochs.ts';
import { seeksPartner, type PrimaryRole } from './state.ts';
import type { Turn } from './turn.ts';
import type { Details, Guid, HeardAround } from './types.ts';

/** A primary in trouble: it lost an active backup and must not go on before it is certain that this one does not take over. */

function primaryRole(turn: Turn): PrimaryRole | null {
  return turn.state.role.is === 'primary' ? turn.state.role : null;
}

/** Under the arbiter's rules it has no limit; otherwise it ends by itself after two QoS timeouts. */
export function beginTrouble(turn: Turn, backup: Guid, backupBoot: string, why: string): void {
  const role = primaryRole(turn);
  if (role === null) return;
  turn.gate('hold');
  if (role.generation?.phase === 'proposed') role.generation = null;
  const bound = role.generation !== null;
  role.trouble = {
    since: turn.now,
    until: bound ? null : turn.now + 2 * turn.state.qosMs,
    firstQuestion: turn.state.questions + 1,
    backupBoot,
  };
  turn.log(
    2,
    'PRIMARY_IN_TROUBLE',
    `The active backup was lost (${why}). Nothing becomes durable until it is certain that it does not take over.`,
    { backup, why, mode: bound ? 'arbiter' : 'agent', limitMs: bound ? -1 : 2 * turn.state.qosMs },
  );
  if (role.generation !== null) turn.tellArbiter({ m: 'lost', g: role.generation.gen.g, who: backup });
  releaseIfIsolated(turn, role);
  askAround(turn, role);
}

/** Cut off from both, it must expect that the backup takes over: the address is left to it. */
function releaseIfIsolated(turn: Turn, role: PrimaryRole): void {
  if (role.trouble === null || role.trouble.until !== null || turn.state.arbiter.connected || role.vip === 'released') return;
  role.vip = 'released';
  turn.effects.push({ do: 'release-vip' });
  turn.log(2, 'ISOLATED', 'Backup and arbiter are both lost: this member stays in trouble without limit and gives up the virtual address.');
}

/** Whoever can say that the backup does not take over is asked. */
function askAround(turn: Turn, role: PrimaryRole): void {
  role.dialAt = turn.now + turn.retryMs;
  if (role.backup === null) turn.dialPeer(false);
  turn.askAgent(false);
}

export function tick(turn: Turn): void {
  const role = primaryRole(turn);
  if (role === null) return;
  const { trouble } = role;
  if (trouble !== null && trouble.until !== null && trouble.until <= turn.now)
    return resolve(turn, 'the trouble timeout has passed', { afterMs: turn.now - trouble.since });
  tellAll(turn, role);
  if (role.dialAt > turn.now) return;
  if (role.trouble !== null) askAround(turn, role);
  else if (role.vip === 'binding') bindAddress(turn, role);
  else if (seeksPartner(role)) seek(turn, role);
}

/** A former failover member may be primary where this one could not reach it, and nobody else begins the talk. */
function tellAll(turn: Turn, role: PrimaryRole): void {
  if (role.tellAt === null || role.tellAt > turn.now) return;
  role.tellAt = turn.now + turn.state.qosMs;
  turn.effects.push({ do: 'ask-around' });
}

/** Whoever did not answer, or has another membership, may still not know of the promotion. */
export function askedAround(turn: Turn, { unaware, told }: HeardAround): void {
  const role = primaryRole(turn);
  if (role !== null && unaware === 0 && told !== null && compareEpochs(told, role.epoch) === 0) role.tellAt = null;
}

/** Two primaries meet: the one of the older epoch stops. */
function seek(turn: Turn, role: PrimaryRole): void {
  role.dialAt = turn.now + turn.state.qosMs;
  turn.dialPeer(false);
}

function bindAddress(turn: Turn, role: PrimaryRole): void {
  role.vip = 'binding';
  role.dialAt = turn.now + turn.state.qosMs;
  turn.effects.push({ do: 'bind-vip' });
}

/** The address it had given up is bound again, or is tried again. */
export function vip(turn: Turn, bound: boolean, why: string): void {
  const role = primaryRole(turn);
  if (role?.vip !== 'binding') return;
  if (bound) role.vip = 'bound';
  else turn.log(2, 'VIP_RETRIED', `The virtual address cannot be bound yet: ${why}`, { why });
}

/** It is certain that the backup of this period does not take over: work on alone. */
export function resolve(turn: Turn, why: string, facts: Details): void {
  const role = primaryRole(turn);
  if (role === null) return;
  turn.endPeriod();
  role.generation = null;
  role.trouble = null;
  turn.gate('open');
  if (role.vip === 'released') bindAddress(turn, role);
  turn.log(1, 'PRIMARY_RESUMES', `This member works on as primary: ${why}.`, facts);
}

export function arbiterBack(turn: Turn): void {
  const role = primaryRole(turn);
  if (role === null || role.trouble === null) return;
  if (role.generation !== null && turn.state.partner !== null)
    turn.tellArbiter({ m: 'lost', g: role.generation.gen.g, who: turn.state.partner });
}

export function arbiterLost(turn: Turn): void {
  turn.log(2, 'ARBITER_LOST', 'The connection to the arbiter was lost.');
  const role = primaryRole(turn);
  if (role !== null) releaseIfIsolated(turn, role);
}
