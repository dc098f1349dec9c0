import { linksBefore } from './expected.ts';
import type { Before, Failure, Link } from './words.ts';

/** Every subset, the empty one first. */
function subsets<T>(items: readonly T[]): T[][] {
  return items.reduce<T[][]>((all, item) => [...all, ...all.map((s) => [...s, item])], [[]]);
}

/** Every order. */
export function permutations<T>(items: readonly T[]): T[][] {
  if (items.length < 2) return [[...items]];
  return items.flatMap((item, n) => permutations([...items.slice(0, n), ...items.slice(n + 1)]).map((rest) => [item, ...rest]));
}

/** The links that can still be lost, in every combination. */
export function linkRows(before: Before): Link[][] {
  return subsets(linksBefore(before));
}

/** Each of the members as an instance or as a host, and the arbiter, in every combination; with the link over which the agent would be asked, or without. */
export function combinations(before: Before): Failure[][] {
  const p: readonly Failure[][] = [
    [],
    ['P instance'],
    ['P unresponsive'],
    ['P host'],
    ['P instance', 'B-agent(P)'],
    ['P unresponsive', 'B-agent(P)'],
  ];
  const b: readonly Failure[][] = [[], ['B instance'], ['B host'], ['B instance', 'P-agent(B)']];
  const arb: readonly Failure[][] = before.arbiter === 'connected' ? [[], ['Arb'], ['P-Arb'], ['B-Arb']] : [[]];
  return p.flatMap((x) => b.flatMap((y) => arb.map((z) => [...x, ...y, ...z]))).filter((row) => row.length > 0);
}
