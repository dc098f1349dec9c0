import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { drawAsyncFaults } from './faults/async-schedule.ts';
import { drawRoleFaults } from './faults/role-schedule.ts';
import { drawFaults, drawTakeover } from './faults/schedule.ts';
import type { Fault } from './faults/kinds.ts';
import type { SeedResult } from './result.ts';
import { currentProcess, SimRandom } from './io/index.ts';
import { World, type WorldProfile } from './world/world.ts';

export interface RunOptions {
  /** fast: databases in memory. real: real database files. */
  readonly profile: 'fast' | 'real';
  /** Instead of what the seed draws. */
  readonly world?: WorldProfile;
  readonly faults?: readonly Fault[];
  /** How many lines of the transcript to keep; 0 or left out: none. */
  readonly keepLines?: number;
}

/** A run in which less happened proves nothing. */
const OPERATIONS_MIN = 20;
const TAKEOVERS_MIN = 1;
const FAULTS_MAX = 12;
/** How many seeds with asyncs have operators who change members' roles. */
const ROLES_SHARE = 0.3;
/** How many asyncs seeds have. */
const ASYNCS = [0, 0, 0, 0, 0, 1, 1, 2] as const;
/** Where nobody took over, one more fault comes as soon as the mirror is well, and so much time after it, in Q. */
const CALM_Q = 10;
const AFTER_LATE_Q = 7;
/** The same after what changes roles has healed. */
const AFTER_ROLES_Q = 4;

/** What of a run the seed decides before it begins. */
function drawProfile(random: SimRandom): WorldProfile {
  const qosMs = random.pick([400, 1000, 1000, 2000, 8000]);
  return {
    qosMs,
    faultsMs: Math.round(qosMs * random.between(8, 30)),
    arbiter: random.chance(0.8),
    clients: 2 + random.below(2),
    thinkMs: qosMs * random.between(0.1, 0.6),
  };
}

function drawMembers(random: SimRandom): Pick<WorldProfile, 'asyncs' | 'roles'> {
  const asyncs = random.fork('asyncs').pick(ASYNCS);
  return asyncs > 0 && random.fork('roles').chance(ROLES_SHARE) ? { asyncs, roles: true } : { asyncs };
}

/** So long a fault needs the run to go on at least: the one that came late, and an operator's force, which takes a minute. */
function after(fault: Fault, { qosMs, faultsMs }: WorldProfile): number {
  if (fault.kind === 'forced') return fault.ms + qosMs;
  if (fault.kind === 'promoted' || fault.kind === 'demoted' || fault.kind === 'promoted-alone') return fault.ms + AFTER_ROLES_Q * qosMs;
  return fault.at >= faultsMs ? AFTER_LATE_Q * qosMs : 0;
}

/** Runs one seed: a mirror comes to work, faults come and go while clients use it, then everything is well and it must work again. */
export async function runSeed(seed: number, options: RunOptions): Promise<SeedResult> {
  const random = new SimRandom(seed);
  const profile = options.world ?? { ...drawProfile(random.fork('profile')), ...drawMembers(random) };
  const dice = random.fork('faults');
  const { qosMs, faultsMs: ms, arbiter } = profile;
  const drawing = { qosMs, ms, arbiter, faultsMax: FAULTS_MAX };
  const [asyncDice, roleDice] = [random.fork('async faults'), random.fork('role faults')];
  const faults = options.faults ?? [
    ...drawFaults({ next: () => dice.float() }, drawing),
    ...drawAsyncFaults({ next: () => asyncDice.float() }, { qosMs, ms, asyncs: profile.asyncs ?? 0 }),
    ...(profile.roles === true ? drawRoleFaults({ next: () => roleDice.float() }, { qosMs, ms }) : []),
  ];
  const late: Fault[] = [];
  const directory = options.profile === 'real' ? mkdtempSync(join(tmpdir(), 'gemel-sim-')) : null;
  const world = new World(random, profile, { directory, ...(options.keepLines === undefined ? {} : { keepLines: options.keepLines }) });
  // Nobody handles it: as an exception, it ends the process that it happened in.
  const rejected = (error: unknown): void => currentProcess()?.fail(error);
  process.on('unhandledRejection', rejected);
  let why = '';
  try {
    await world.begin();
    const began = world.now;
    world.plan(faults);
    await world.run(Math.max(ms, ...faults.map((fault) => fault.at + after(fault, profile))));
    if (options.faults === undefined && world.ledger.takeovers < TAKEOVERS_MIN && (await world.until(() => world.isWell, CALM_Q * qosMs))) {
      const at = Math.ceil(world.now - began);
      late.push(drawTakeover(at, { next: () => dice.float() }, drawing));
      world.plan(late, at - (world.now - began));
      await world.run(at + AFTER_LATE_Q * qosMs - (world.now - began));
    }
    await world.endWell();
  } catch (error) {
    why = error instanceof Error ? (error.stack ?? error.message) : String(error);
  }
  world.end();
  process.off('unhandledRejection', rejected);
  if (directory !== null) rmSync(directory, { recursive: true, force: true });
  const tooLittle =
    world.history.acknowledged < OPERATIONS_MIN ? 'too few operations' : world.ledger.takeovers < TAKEOVERS_MIN ? 'no takeover' : '';
  return {
    seed,
    outcome: why !== '' ? 'failed' : tooLittle !== '' && options.faults === undefined ? 'rejected' : 'passed',
    why: why === '' ? tooLittle : why,
    operations: world.history.acknowledged,
    takeovers: world.ledger.takeovers,
    virtualMs: world.now,
    hash: world.hash,
    faults: [...faults, ...late],
    transcript: world.lines,
  };
}
