import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { ROOT, runCommand } from '../resources/tooling/runner/command.ts';
import { DebianPackages, thisHost } from '../resources/tooling/runner/debian.ts';

/** The Promela model of failover (engine/mirror/failover/model), searched exhaustively by spin within the bounds named here. */

const MODEL = path.join(ROOT, 'engine/mirror/failover/model/mirror.pml');
const MINUTE_MS = 60_000;

interface Bounds {
  readonly EPOCHS: number;
  readonly WRITES: number;
  readonly GENS: number;
  readonly BOOTS: number;
  readonly ARBITER_RESTARTS: number;
}

const RESTARTS: Bounds = { EPOCHS: 3, WRITES: 3, GENS: 0, BOOTS: 2, ARBITER_RESTARTS: 0 };
const ARBITER: Bounds = { EPOCHS: 2, WRITES: 2, GENS: 1, BOOTS: 0, ARBITER_RESTARTS: 1 };
const TWO_TAKE_OVERS: Bounds = { EPOCHS: 3, WRITES: 2, GENS: 1, BOOTS: 0, ARBITER_RESTARTS: 0 };
const TWO_GENERATIONS: Bounds = { EPOCHS: 2, WRITES: 1, GENS: 2, BOOTS: 0, ARBITER_RESTARTS: 1 };
const ARBITER_AND_RESTARTS: Bounds = { EPOCHS: 2, WRITES: 1, GENS: 1, BOOTS: 1, ARBITER_RESTARTS: 0 };

const clean: readonly (readonly [string, Bounds])[] = [
  ['members that start again, without an arbiter', RESTARTS],
  ['an arbiter that starts again', ARBITER],
  ['two take-overs', TWO_TAKE_OVERS],
  ['two generations', TWO_GENERATIONS],
  ['an arbiter, and members that start again', ARBITER_AND_RESTARTS],
];

/** Each of these alone lets two primaries or a loss through. */
const guards: readonly (readonly [string, Bounds])[] = [
  ['PERIOD_ORDER', ARBITER],
  ['FORMING', ARBITER],
  ['LEAVING', ARBITER],
  ['LEFT', ARBITER],
  ['ACCEPT_COUNTS', ARBITER],
  ['LEAVING_BY_ANSWER', ARBITER],
  ['ONE_VERDICT', ARBITER],
  ['ARBITER_FORGETS', ARBITER],
  ['GRANT', RESTARTS],
  ['FETCH', RESTARTS],
  ['END_RECORD', ARBITER],
  ['PERIOD_STATEMENT', ARBITER],
  ['ACTIVE_ONLY', ARBITER],
  ['NEWER_FIRST', RESTARTS],
  ['EPOCH_FIRST', RESTARTS],
  ['EPOCH_VETO', ARBITER],
  ['INHERITED_SYNC', ARBITER],
  ['BOOT_ID', ARBITER],
  ['YIELD', ARBITER],
];

/**
 * Taking over without the primary's journal is guarded twice: by the record of the period's end, and by T, activity and being passed over.
 * Only a give-up left with the primary's agent makes the record needed by itself, so here the model is without that.
 */
const doubled = ['END_RECORD', 'PERIOD_STATEMENT'].flatMap((record) => ['WINDOW', 'T', 'PASSED_OVER'].map((other) => [record, other]));

/** What has to happen somewhere, or the search proves nothing: the numbers are those of the model. */
const reached: readonly (readonly [string, number, Bounds])[] = [
  ['a take-over by verdict', 1, ARBITER],
  ["a take-over without the primary's journal", 2, RESTARTS],
  ['a take-over after fetching journal', 3, RESTARTS],
  ['a take-over by promise', 4, RESTARTS],
  ['a take-over by request', 5, RESTARTS],
  ['trouble ended by the arbiter', 6, ARBITER],
  ['trouble ended by time', 7, RESTARTS],
  ["trouble ended by the backup's answer", 8, RESTARTS],
  ['trouble ended by the backup that connects', 9, RESTARTS],
  ["trouble ended by the backup's agent", 10, RESTARTS],
  ['a former primary that steps down', 11, ARBITER],
  ['a generation left in order', 12, ARBITER],
  ['the first primary is primary again', 13, RESTARTS],
  ["trouble ended by the give-up left with the primary's agent", 14, ARBITER],
];

interface Search {
  /** What was violated; null: nothing in all states. */
  readonly violated: string | null;
  readonly states: number;
}

/** Compiles the model with these definitions and searches all of its states. @throws Error when the search did not come to its end */
async function search(bounds: Bounds, definitions: readonly string[] = []): Promise<Search> {
  // Where a counterexample is near, compiling takes longer than searching.
  const optimised = definitions.length === 0 ? '-O2' : '-O1';
  const directory = await mkdtemp(path.join(os.tmpdir(), 'gemel-model-'));
  const run = async (program: string, args: string[]): Promise<string> => {
    const result = await runCommand(program, args, { cwd: directory, timeoutMs: 4 * MINUTE_MS });
    if (result.code !== 0) throw new Error(`${program} ended with ${result.code}: ${result.output}`);
    return result.output;
  };
  try {
    const defined = [...Object.entries(bounds).map(([name, value]) => `${name}=${value}`), ...definitions];
    await run('spin', ['-a', ...defined.map((d) => `-D${d}`), MODEL]);
    // States are kept whole, so that nothing is passed over by a collision.
    await run('gcc', [optimised, '-w', '-DSAFETY', '-DNOREDUCE', '-DMEMLIM=4000', '-o', 'pan', 'pan.c']);
    const output = await run(path.join(directory, 'pan'), ['-E', '-w23', '-m1000000']);
    const violated = /assertion violated (.*) \(at depth/.exec(output)?.[1] ?? null;
    const states = Number(/(\d+) states, stored/.exec(output)?.[1] ?? 0);
    if (violated === null && !(/errors: 0/.test(output) && !/not completed|too small|out of memory/.test(output))) throw new Error(output);
    return { violated, states };
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

const onPath = (program: string): boolean =>
  (process.env['PATH'] ?? '').split(path.delimiter).some((directory) => existsSync(path.join(directory, program)));

async function missingTools(): Promise<string | null> {
  const packages = ['spin', 'gcc'].filter((program) => !onPath(program));
  return packages.length === 0 ? null : new DebianPackages(thisHost((line) => console.log(line))).install(packages);
}

const missing = await missingTools();

describe.skipIf(missing !== null)(`the model of failover${missing === null ? '' : ` (${missing})`}`, () => {
  it.each(clean)('is clean with %s', async (_name, bounds) => {
    const { violated, states } = await search(bounds);
    expect(violated).toBeNull();
    expect(states).toBeGreaterThan(10_000);
  });

  it.each(guards)('fails without %s', async (guard, bounds) => {
    expect((await search(bounds, [`NO_${guard}`])).violated).toMatch(/current|acked/);
  });

  it.each(doubled)('without give-ups left with agents, fails without %s and %s', async (record, second) => {
    const { violated } = await search(ARBITER, ['WITHOUT_GIVE_UP_LEFT', `NO_${record}`, `NO_${second}`]);
    expect(violated).toMatch(/current|acked/);
  });

  it.each(reached)('gets to %s', async (_name, number, bounds) => {
    expect((await search(bounds, [`REACH=${number}`])).violated).toBe(`(${number}!=${number})`);
  });
});
