import { describe, expect, it } from 'vitest';
import { missingTools, SEARCH_MS_MAX, searchAll, searchCounterexample, type Bounds, type Search } from './support/spin.ts';

/** The Promela model of failover (engine/mirror/failover/model), searched exhaustively by spin within the bounds named here. */

const RESTARTS: Bounds = { EPOCHS: 3, WRITES: 3, GENS: 0, BOOTS: 2, ARBITER_RESTARTS: 0 };
const ARBITER: Bounds = { EPOCHS: 2, WRITES: 2, GENS: 1, BOOTS: 0, ARBITER_RESTARTS: 1 };
const TWO_GENERATIONS: Bounds = { EPOCHS: 2, WRITES: 1, GENS: 2, BOOTS: 0, ARBITER_RESTARTS: 1 };
const ARBITER_AND_RESTARTS: Bounds = { EPOCHS: 2, WRITES: 1, GENS: 1, BOOTS: 1, ARBITER_RESTARTS: 0 };
/** `npm run model` searches these too: minutes and gigabytes each. */
const WIDE: readonly (readonly [string, Bounds])[] = [
  ['an arbiter and members that all start again', { EPOCHS: 2, WRITES: 1, GENS: 1, BOOTS: 1, ARBITER_RESTARTS: 1 }],
  ['two take-overs with an arbiter', { EPOCHS: 3, WRITES: 1, GENS: 1, BOOTS: 1, ARBITER_RESTARTS: 0 }],
  ['two generations, and more writes', { EPOCHS: 2, WRITES: 2, GENS: 2, BOOTS: 0, ARBITER_RESTARTS: 1 }],
];

const clean: readonly (readonly [string, Bounds])[] = [
  ['members that start again, without an arbiter', RESTARTS],
  ['an arbiter that starts again', ARBITER],
  ['two generations', TWO_GENERATIONS],
  ['an arbiter, and members that start again', ARBITER_AND_RESTARTS],
  ...(process.env['GEMEL_MODEL'] === 'wide' ? WIDE : []),
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
  ['ARBITER_FORGETS', { ...ARBITER, WRITES: 1 }],
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

/** Each of the searches of all states, once: what it comes by is asked for by several tests. */
const searches = new Map<Bounds, Promise<Search>>();

function allOf(bounds: Bounds): Promise<Search> {
  const found = searches.get(bounds) ?? searchAll(bounds);
  searches.set(bounds, found);
  return found;
}

const missing = await missingTools();

describe.skipIf(missing !== null)(`the model of failover${missing === null ? '' : ` (${missing})`}`, () => {
  it.concurrent.each(clean)(
    'is clean with %s',
    async (_name, bounds) => {
      const { violated, states } = await allOf(bounds);
      expect(violated).toBeNull();
      expect(states).toBeGreaterThan(10_000);
    },
    SEARCH_MS_MAX,
  );

  it.concurrent.each(reached)(
    'gets to %s',
    async (_name, number, bounds) => {
      expect((await allOf(bounds)).reached).toContain(number);
    },
    SEARCH_MS_MAX,
  );

  it.concurrent.each(guards)('fails without %s', async (guard, bounds) => {
    expect((await searchCounterexample(bounds, [`NO_${guard}`])).violated).toMatch(/current|acked/);
  });

  it.concurrent.each(doubled)('without give-ups left with agents, fails without %s and %s', async (record, second) => {
    const { violated } = await searchCounterexample(ARBITER, ['WITHOUT_GIVE_UP_LEFT', `NO_${record}`, `NO_${second}`]);
    expect(violated).toMatch(/current|acked/);
  });
});
