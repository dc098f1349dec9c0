import { describe, expect, test } from 'vitest';
import { Q } from '../testing/events.ts';
import { expectedOutcome, possibleOutcomes } from './expected.ts';
import { OutageWorld } from './testing/outage-world.ts';
import { compare, play, SETTLED_MS } from './testing/play.ts';
import { combinations } from './rows.ts';
import { SCENARIOS } from './scenarios.ts';
import { BEFORES } from './words.ts';

describe('the outage scenarios of the documents', () => {
  test.each(SCENARIOS)('$name', ({ before, story, outcome }) => {
    const { rule, ...stated } = expectedOutcome(before, story);
    const last = story.length > 1 ? { ...stated, pauseQ: outcome.pauseQ } : stated;
    expect(last).toEqual(outcome);
    const world = new OutageWorld(before);
    for (const event of story) {
      for (const what of event) world.lose(what);
      world.pass(SETTLED_MS);
    }
    expect(compare(world, [{ ...outcome, rule }], 0)).toBeNull();
  });
});

describe.each(BEFORES.map((before) => ({ before, name: `arbiter ${before.arbiter}, backup ${before.backup}` })))(
  'instances, hosts and arbiter lost: $name',
  ({ before }) => {
    test.each(combinations(before).map((lost) => ({ lost, name: lost.join(' + ') })))('$name', ({ lost }) => {
      const wrong = [lost, [...lost].reverse()].flatMap((order) => {
        const losses = order.map((what) => ({ what }));
        const atOnce = play(before, losses, 0, [expectedOutcome(before, [lost])]);
        const inTurn = play(before, losses, Q / 3, possibleOutcomes(before, order));
        return [atOnce, inTurn].filter((w) => w !== null);
      });
      expect(wrong).toEqual([]);
    });
  },
);

describe('when contact is restored', () => {
  test('nobody could take over: the primary in trouble resumes as soon as the backup contacts it', () => {
    const world = new OutageWorld({ arbiter: 'connected', backup: 'active' });
    for (const what of ['P-B', 'P-Arb', 'B-Arb', 'P-agent(B)', 'B-agent(P)'] as const) world.lose(what);
    world.pass(SETTLED_MS);
    expect(world.observed().p).toBe('in trouble without limit');
    world.heal();
    world.pass(SETTLED_MS);
    expect(world.observed()).toEqual({ primary: 'P', p: 'primary', b: 'active backup' });
  });

  test('the backup took over: the former primary in trouble goes down', () => {
    const world = new OutageWorld({ arbiter: 'connected', backup: 'active' });
    for (const what of ['P-B', 'P-Arb', 'P-agent(B)', 'B-agent(P)'] as const) world.lose(what);
    world.pass(SETTLED_MS);
    expect(world.observed()).toEqual({ primary: 'B', p: 'in trouble without limit', b: 'primary' });
    world.heal();
    world.pass(SETTLED_MS);
    expect(world.observed()).toMatchObject({ primary: 'B', p: 'not primary', b: 'primary' });
  });

  test('backup and arbiter failed at once: when the backup is back the primary resumes', () => {
    const world = new OutageWorld({ arbiter: 'connected', backup: 'active' });
    world.lose('B host');
    world.lose('Arb');
    world.pass(SETTLED_MS);
    expect(world.observed().p).toBe('in trouble without limit');
    world.heal();
    world.pass(SETTLED_MS);
    expect(world.observed()).toEqual({ primary: 'P', p: 'primary', b: 'active backup' });
  });

  test('the host of the primary is back, its agent first: the backup takes over', () => {
    const world = new OutageWorld({ arbiter: 'none', backup: 'active' });
    world.lose('P host');
    world.pass(SETTLED_MS);
    expect(world.observed().primary).toBe('none');
    world.hostBack('P');
    world.pass(SETTLED_MS);
    expect(world.observed().primary).toBe('B');
  });

  test('both failover members were down and are started: they negotiate, and one is primary', () => {
    const world = new OutageWorld({ arbiter: 'connected', backup: 'active' });
    world.lose('P host');
    world.lose('B host');
    world.pass(SETTLED_MS);
    world.heal();
    world.pass(SETTLED_MS);
    expect(world.observed().primary).not.toBe('none');
  });
});
