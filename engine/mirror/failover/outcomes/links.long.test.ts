import { describe, expect, test } from 'vitest';
import { Q } from '../testing/events.ts';
import { expectedOutcome, heardOneWay, possibleOutcomes } from './expected.ts';
import { ONE_EVENT_GAP_MS, play, whole, type Loss } from './testing/play.ts';
import { linkRows, permutations } from './rows.ts';
import { BEFORES, WAYS, type Before, type Link, type Outcome } from './words.ts';

/** GEMEL_OUTAGES=all plays every way of every link in every order; otherwise see `ordersOf`. */
const ALL = process.env['GEMEL_OUTAGES'] === 'all';
/** A test is thousands of runs, with all of them tens of thousands, on a machine that does other things too. */
const TIMEOUT_MS = ALL ? 3_600_000 : 300_000;

function waysOf(links: readonly Link[]): Loss[][] {
  return links.reduce<Loss[][]>((all, what) => all.flatMap((s) => WAYS.map((way) => [...s, { what, way }])), [[]]);
}

const inSequence = (before: Before, order: readonly Link[]): Outcome =>
  expectedOutcome(
    before,
    order.map((what) => [what]),
  );

const isAgent = (link: Link): boolean => link.includes('agent');

/**
 * Every order of whole losses; every way of every link; every order of every way of the three links of the mirror, with the
 * agents' links lost before or after them. Questions to agents begin only when a loss is noticed, so that the place of
 * theirs among losses of one event makes no difference but these.
 */
function ordersOf(lost: readonly Link[]): Loss[][] {
  if (ALL) return waysOf(lost).flatMap(permutations);
  const main = lost.filter((l) => !isAgent(l));
  const agents = waysOf(lost.filter(isAgent));
  const mixed = waysOf(main)
    .flatMap(permutations)
    .flatMap((order, n) => agents.map((a) => (n % 2 === 0 ? [...a, ...order] : [...order, ...a])));
  return [...permutations(lost).map(whole), ...mixed];
}

const title = (before: Before): string => `arbiter ${before.arbiter}, backup ${before.backup}`;

describe.each(BEFORES.map((before) => ({ before, name: title(before) })))('links lost: $name', ({ before }) => {
  const rows = linkRows(before);

  test.each(rows.map((lost) => ({ lost, name: lost.join(' + ') || 'none' })))(
    '$name, at once, in every order and each way',
    ({ lost }) => {
      const outcome = expectedOutcome(before, [lost]);
      const wrong = ordersOf(lost).flatMap(
        (losses) => play(before, losses, ONE_EVENT_GAP_MS, [outcome, ...heardOneWay(before, losses)]) ?? [],
      );
      expect(wrong).toEqual([]);
    },
    TIMEOUT_MS,
  );

  test(
    'in every order within one QoS timeout',
    () => {
      const orders = rows.filter((lost) => lost.length > 1).flatMap(permutations);
      const wrong = orders.flatMap(
        (order) => play(before, whole(order), (0.9 * Q) / (order.length - 1), possibleOutcomes(before, order)) ?? [],
      );
      expect(wrong).toEqual([]);
    },
    TIMEOUT_MS,
  );

  test(
    'in every order, each noticed before the next',
    () => {
      const orders = rows.filter((lost) => lost.length > 1 && !lost.some(isAgent)).flatMap(permutations);
      const wrong = orders.flatMap((order) => play(before, whole(order), 4 * Q, [inSequence(before, order)]) ?? []);
      expect(wrong).toEqual([]);
    },
    TIMEOUT_MS,
  );
});
