import type { PrimaryRole } from './state.ts';
import type { Turn } from './turn.ts';

/** Generations as the primary forms and leaves them: active periods placed under the arbiter's rules. */

type Current = NonNullable<PrimaryRole['generation']>;

export function arbiterHeld(turn: Turn, current: Current): void {
  current.heldByArbiter = true;
  bindWhenHeld(turn, current);
}

export function backupHeld(turn: Turn, g: string): void {
  const role = turn.state.role;
  if (role.is !== 'primary' || role.generation?.gen.g !== g) return;
  role.generation.heldByBackup = true;
  bindWhenHeld(turn, role.generation);
}

/** From now on the trouble timeout is off; only after it the backup may ask for a verdict. */
function bindWhenHeld(turn: Turn, current: Current): void {
  if (current.phase !== 'proposed' || !current.heldByArbiter || !current.heldByBackup) return;
  current.phase = 'bound';
  turn.tellPeer({ m: 'formed', g: current.gen.g });
  turn.log(0, 'ARBITER_CONTROLLED', 'Arbiter controlled mode: the arbiter decides if the failover members lose each other.', {
    generation: current.gen.g,
  });
}

/** Leaving needs the backup's answer; until then the generation binds. A proposed one was never binding. */
export function leaveGeneration(turn: Turn): void {
  const role = turn.state.role;
  if (role.is !== 'primary') return;
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

export function backupLeft(turn: Turn, g: string): void {
  const role = turn.state.role;
  if (role.is !== 'primary' || role.generation?.gen.g !== g || role.generation.phase !== 'leaving') return;
  role.generation = null;
  turn.tellPeer({ m: 'left', g });
  turn.log(0, 'AGENT_CONTROLLED', 'Agent controlled mode.', { generation: g });
}

/** After every step: form a generation when all three links are up and the backup is active, leave it when they are not. */
export function considerGeneration(turn: Turn): void {
  const role = turn.state.role;
  if (role.is !== 'primary') return;
  const possible = mayForm(turn, role);
  if (role.generation !== null) {
    const current = role.generation.gen.membership === turn.state.membership;
    if ((!possible || !current) && role.yielding === null) leaveGeneration(turn);
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

function mayForm(turn: Turn, role: PrimaryRole): boolean {
  const links = role.backup?.active === true && role.backup.arbiter && turn.state.arbiter.connected && turn.state.arbiter.configured;
  return links && role.trouble === null && role.yielding === null && role.changing === null && role.frozen === null;
}
