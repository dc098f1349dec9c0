import fc from 'fast-check';
import { expectedOutcome, heardOneWay } from '../../mirror/failover/outcomes/expected.ts';
import { combinations, linkRows } from '../../mirror/failover/outcomes/rows.ts';
import { SCENARIOS } from '../../mirror/failover/outcomes/scenarios.ts';
import { OutageWorld } from '../../mirror/failover/outcomes/testing/outage-world.ts';
import { compare, play as playLosses, SETTLED_MS, type Loss } from '../../mirror/failover/outcomes/testing/play.ts';
import { BEFORES, WAYS, type Before, type Link, type Outcome } from '../../mirror/failover/outcomes/words.ts';
import { Q } from '../../mirror/failover/testing/events.ts';
import { anyStory, playStory, type StoryAction } from '../../mirror/failover/testing/stories.ts';
import { runSeed } from '../run.ts';
import { play, scenarios as simulated } from '../scenarios/index.ts';
import type { Scenario } from '../scenarios/staging.ts';
import { keptRuns } from '../seeds.ts';
import { coreScenarios } from './core-scenarios.ts';
import type { Bounds, Caught, Detector, Evidence, Search } from './kinds.ts';

/** Runs of the simulator that once failed. */
const keptScenarios: readonly Scenario[] = keptRuns.map(({ seed, world, faults }) => ({
  name: `kept run ${seed}`,
  play: async () => {
    const { outcome, why } = await runSeed(seed, { profile: 'fast', world, faults });
    if (outcome === 'failed') throw Object.assign(new Error(why), { stack: why });
  },
}));
const scenarios: readonly Scenario[] = [...simulated, ...coreScenarios, ...keptScenarios];
const WHY_MAX = 200;
/** Rows with more of them lost at once are left to the table's own tests. */
const LINKS_EACH_WAY = 3;
/** What stays silent is noticed after half a QoS timeout at the earliest: losses this close to each other are one event. */
const ONE_EVENT_GAP_MS = Q / 12;

/** How much of each detector has to catch a fault: that is what "caught" means. */
export const bounds: Bounds = {
  stories: 4000,
  seeds: 1000,
  scenarios: scenarios.length,
  outages: outageRows().length,
};

/** The mutation does not run at all: nothing was caught. */
export class BrokenByItself extends Error {}

/** What went wrong, if a rule was broken; an error of the language means that the mutation makes no sense. */
function reasonOf(error: unknown): string {
  const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
  if (/^(Type|Reference|Syntax)Error\b/.test(text)) throw new BrokenByItself(text);
  return text;
}

function firstLine(text: string): string {
  return (text.split('\n')[0] ?? '').replace(/^\w*Error: /, '').slice(0, WHY_MAX);
}

/** null: as it should be. */
async function reasonIn(act: () => unknown): Promise<string | null> {
  try {
    await act();
    return null;
  } catch (error) {
    return reasonOf(error);
  }
}

interface Row {
  readonly name: string;
  readonly wrong: () => string | null;
}

function row(before: Before, losses: readonly Loss[], gapMs: number, allowed: () => readonly Outcome[]): Row {
  const lost = losses.map(({ what, way = 'whole' }) => (way === 'whole' ? what : `${what} ${way}`)).join(' + ');
  return {
    name: `arbiter ${before.arbiter}, backup ${before.backup}: ${lost} (${gapMs})`,
    wrong: () => playLosses(before, losses, gapMs, allowed()),
  };
}

function waysOf(links: readonly Link[]): Loss[][] {
  return links.reduce<Loss[][]>((all, what) => all.flatMap((s) => WAYS.map((way) => [...s, { what, way }])), [[]]);
}

/** The documents' scenarios, every combination of what can fail at once, and up to three links lost in each way. */
function outageRows(): Row[] {
  const stories = SCENARIOS.map(({ name, before, story, outcome }) => ({
    name,
    wrong: () => {
      const world = new OutageWorld(before);
      for (const event of story) {
        for (const what of event) world.lose(what);
        world.pass(SETTLED_MS);
      }
      return compare(world, [{ ...outcome, rule: expectedOutcome(before, story).rule }], 0);
    },
  }));
  const atOnce = BEFORES.flatMap((before) =>
    [...combinations(before), ...linkRows(before)].map((lost) =>
      row(
        before,
        lost.map((what) => ({ what })),
        0,
        () => [expectedOutcome(before, [lost])],
      ),
    ),
  );
  const eachWay = BEFORES.flatMap((before) =>
    linkRows(before)
      .filter((lost) => lost.length > 0 && lost.length <= LINKS_EACH_WAY)
      .flatMap((lost) =>
        waysOf(lost).map((losses) =>
          row(before, losses, ONE_EVENT_GAP_MS, () => [expectedOutcome(before, [lost]), ...heardOneWay(before, losses)]),
        ),
      ),
  );
  return [...stories, ...atOnce, ...eachWay];
}

// ------------------------------------------------------------ one try

/** Plays again what caught a fault. null: nothing is wrong with it. */
export function replay(evidence: Evidence): Promise<string | null> {
  switch (evidence.by) {
    case 'stories':
      return reasonIn(() => playStory(evidence.seed, evidence.actions as readonly StoryAction[]));
    case 'seeds':
      return replaySeed(evidence.seed);
    case 'scenarios':
      return replayScenario(evidence.name);
    case 'outages':
      return reasonIn(() => {
        const wrong =
          outageRows()
            .find(({ name }) => name === evidence.name)
            ?.wrong() ?? null;
        if (wrong !== null) throw new Error(wrong);
      });
  }
}

async function replaySeed(seed: number): Promise<string | null> {
  const { outcome, why } = await runSeed(seed, { profile: 'fast' });
  return outcome === 'failed' ? reasonOf(why) : null;
}

function replayScenario(name: string): Promise<string | null> {
  const scenario = scenarios.find((s) => s.name === name);
  return scenario === undefined ? Promise.resolve('there is no such scenario') : reasonIn(() => play(scenario));
}

// ------------------------------------------------------------ searches

function searchStories(count: number, seed: number): Caught | null {
  const { failed, counterexample, errorInstance, numRuns } = fc.check(anyStory, { numRuns: count, seed, endOnFailure: true });
  if (!failed || counterexample === null) return null;
  const [world, actions] = counterexample;
  return { evidence: { by: 'stories', seed: world, actions }, tries: numRuns, why: firstLine(reasonOf(errorInstance)) };
}

/** The first of them that shows the fault. */
async function searchEach(all: Iterable<Evidence>): Promise<Caught | null> {
  let tries = 0;
  for (const evidence of all) {
    tries += 1;
    const why = await replay(evidence);
    if (why !== null) return { evidence, tries, why: firstLine(why) };
  }
  return null;
}

/** Each row once; `replay` would look for it by its name. */
async function searchRows(): Promise<Caught | null> {
  let tries = 0;
  for (const { name, wrong } of outageRows()) {
    tries += 1;
    const why = await reasonIn(() => mustBeNull(wrong()));
    if (why !== null) return { evidence: { by: 'outages', name }, tries, why: firstLine(why) };
  }
  return null;
}

function mustBeNull(wrong: string | null): void {
  if (wrong !== null) throw new Error(wrong);
}

function seedsFrom(first: number, end: number, skip: readonly number[]): Evidence[] {
  const seeds = Array.from({ length: end - first }, (_, i) => first + i);
  return seeds.filter((seed) => !skip.includes(seed)).map((seed) => ({ by: 'seeds', seed }));
}

function scenariosNamed(beginning: string): Evidence[] {
  return scenarios.filter(({ name }) => name.startsWith(beginning)).map(({ name }) => ({ by: 'scenarios', name }));
}

interface Part {
  readonly by: Detector;
  readonly count: number;
  readonly search: () => Promise<Caught | null> | Caught | null;
}

/** From what is quick to what is thorough. */
function partsWithin(most: Bounds, skip: readonly number[]): readonly Part[] {
  const [stories, seeds] = [Math.min(300, most.stories), Math.min(60, most.seeds)];
  const seedsAfter = seedsFrom(seeds + 1, most.seeds + 1, skip);
  return [
    { by: 'scenarios', count: most.scenarios, search: () => searchEach(scenariosNamed('')) },
    { by: 'outages', count: most.outages, search: searchRows },
    { by: 'stories', count: stories, search: () => searchStories(stories, 1) },
    { by: 'seeds', count: seeds, search: () => searchEach(seedsFrom(1, seeds + 1, skip)) },
    { by: 'stories', count: most.stories - stories, search: () => searchStories(most.stories - stories, 2) },
    { by: 'seeds', count: seedsAfter.length, search: () => searchEach(seedsAfter) },
  ];
}

/**
 * Looks for a planted fault until something shows it.
 * @param first a detector, or the beginning of a scenario's name: tried before all others
 * @param only detectors to use; all of them when empty
 * @param skip seeds that fail without a fault
 */
export async function search(first: string | null, only: readonly string[], most: Bounds, skip: readonly number[]): Promise<Search> {
  const tried: Partial<Record<Detector, number>> = {};
  const isHint = first !== null && scenarios.some(({ name }) => name.startsWith(first));
  const hinted: Part[] = isHint ? [{ by: 'scenarios', count: 1, search: () => searchEach(scenariosNamed(first)) }] : [];
  const parts = partsWithin(most, skip);
  const rest = [...parts.filter(({ by }) => by === first), ...parts.filter(({ by }) => by !== first)];
  for (const { by, count, search: run } of [...hinted, ...rest]) {
    if (count === 0 || (only.length > 0 && !only.includes(by))) continue;
    const caught = await run();
    const before = tried[by] ?? 0;
    if (caught !== null) return { caught: { ...caught, tries: before + caught.tries }, tried };
    tried[by] = before + count;
  }
  return { caught: null, tried };
}
