import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { drawFaults } from './faults/schedule.ts';
import type { Fault } from './faults/kinds.ts';
import type { SeedResult } from './result.ts';
import { currentProcess, SimRandom } from './io/index.ts';
import { World, type WorldProfile } from './world/world.ts';

export interface RunOptions {
  /** fast: databases in memory. real: real database files. */
  readonly profile: 'fast' | 'real';
  /** Instead of those that the seed draws. */
  readonly faults?: readonly Fault[];
  /** How many lines of the transcript to keep; 0 or left out: none. */
  readonly keepLines?: number;
}

/** A run in which less happened proves nothing. */
const OPERATIONS_MIN = 20;
const TAKEOVERS_MIN = 1;
const FAULTS_MAX = 12;

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

/** Runs one seed: a mirror comes to work, faults come and go while clients use it, then everything is well and it must work again. */
export async function runSeed(seed: number, options: RunOptions): Promise<SeedResult> {
  const random = new SimRandom(seed);
  const profile = drawProfile(random.fork('profile'));
  const dice = random.fork('faults');
  const drawn =
    options.faults ?? drawFaults({ next: () => dice.float() }, { qosMs: profile.qosMs, ms: profile.faultsMs, faultsMax: FAULTS_MAX });
  const faults = profile.arbiter ? drawn : drawn.filter((fault) => !fault.kind.endsWith('-arbiter'));
  const directory = options.profile === 'real' ? mkdtempSync(join(tmpdir(), 'gemel-sim-')) : null;
  const world = new World(random, profile, { directory, ...(options.keepLines === undefined ? {} : { keepLines: options.keepLines }) });
  // Nobody handles it: as an exception, it ends the process that it happened in.
  const rejected = (error: unknown): void => currentProcess()?.fail(error);
  process.on('unhandledRejection', rejected);
  let why = '';
  try {
    await world.begin();
    world.plan(faults);
    await world.run(profile.faultsMs);
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
    faults,
    transcript: world.lines,
  };
}
