import type { Explanation } from '../contract/index.ts';
import type { Hosts } from '../hosts/index.ts';
import { ask, witnesses, type Witness } from './sources.ts';
import { lastPrimary, outage, summary, timeline } from './timeline.ts';

/** The change of primary is looked for near the moment asked for first, then in all that the logs hold. */
const NEAR_MS = 5 * 60_000;
const ALL_MS = 400 * 86_400_000;
/** The console sees a new primary a little later than it is one; hosts' clocks may differ by about as much. */
const LATER_MS = 60_000;
const SHOWN_BEFORE_MS = 60_000;
const SHOWN_AFTER_MS = 30_000;
const LINES_MAX = 400;

/**
 * The last change of primary up to `at`, told by everyone that knows of it: what each member, agent and the arbiter logged around it.
 * @param at ms since the epoch
 */
export async function explain(hosts: Hosts, mirror: string, at: number): Promise<Explanation> {
  const all = witnesses(hosts, mirror);
  const members = all.filter(({ kind }) => kind === 'member');
  const until = at + LATER_MS;
  const taken = (await primaryIn(members, at - NEAR_MS, until)) ?? (await primaryIn(members, at - ALL_MS, until));
  const centre = taken?.at ?? at;
  const [from, to] = [centre - SHOWN_BEFORE_MS, centre + SHOWN_AFTER_MS];
  const [{ lines, sources }, former] = await Promise.all([
    ask(all, { fromMs: from, toMs: to, minSeverity: 0, limit: LINES_MAX }),
    taken === undefined ? undefined : primaryIn(members, taken.at - ALL_MS, taken.at - 1),
  ]);
  const entries = timeline(mirror, lines);
  const found = taken === undefined ? null : outage(entries, taken.at);
  const before = former?.member ?? null;
  return {
    at: taken?.at ?? null,
    from,
    to,
    primary: taken?.member ?? null,
    before,
    summary: taken === undefined ? [] : summary(taken, before, entries, found),
    outageMs: found?.ms ?? null,
    sources,
    entries,
  };
}

async function primaryIn(members: readonly Witness[], fromMs: number, toMs: number): Promise<ReturnType<typeof lastPrimary>> {
  const { lines } = await ask(members, { fromMs, toMs, minSeverity: 2, limit: 200 });
  return lastPrimary(lines);
}
