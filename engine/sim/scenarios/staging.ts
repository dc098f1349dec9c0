import { ways, type Fault, type MemberHostName, type Way } from '../faults/kinds.ts';
import { SimRandom } from '../io/index.ts';
import { World } from '../world/world.ts';

/** What scenarios are made of. */

/** A story with a certain course. Every world checks all invariants after each step, so it mostly says what happens. */
export interface Scenario {
  readonly name: string;
  /** Throws when something was not as it must be. */
  readonly play: () => Promise<void>;
}

/** The QoS timeout of all scenarios, in ms. */
export const Q = 1000;
/** Longer than any scenario. */
export const LONG = 1_000_000;

export const other = (name: MemberHostName): MemberHostName => (name === 'A' ? 'B' : 'A');

/** A mirror at work: an active backup, clients, an arbiter or none, so many asyncs; `roles`: whose members' roles change. */
export async function world(seed = 1, arbiter = true, asyncs = 0, roles = false): Promise<World> {
  const profile = { qosMs: Q, faultsMs: 0, arbiter, asyncs, clients: 2, thinkMs: 60, ...(roles ? { roles } : {}) };
  const made = new World(new SimRandom(seed), profile, { directory: null });
  await made.begin();
  await made.run(Q);
  return made;
}

/** What a scenario says must be so, beyond what every world checks by itself. */
export function ensure(isSo: boolean, what: string): void {
  if (!isSo) throw new Error(`It is not so that ${what}.`);
}

/** Who is primary, and open. */
export function primary(w: World): MemberHostName | null {
  const name = w.everyone.find((site) => site.instance?.isOpen === true)?.name ?? null;
  return name === 'A' || name === 'B' ? name : null;
}

export function now(w: World): MemberHostName {
  const name = primary(w);
  if (name === null) throw new Error(`there is no primary: ${w.state}`);
  return name;
}

/** Faults from this moment on (`at` counts from it), and some time. */
export async function happen(w: World, faults: readonly Fault[], ms: number): Promise<void> {
  w.plan(faults);
  await w.run(ms);
}

/** Back to work in the end, with everything that was acknowledged. */
export async function ends(w: World): Promise<void> {
  await w.endWell();
  w.end();
}

const links = ways.filter((way) => !way.endsWith('client'));

export const between = (one: string, two: string): Way[] =>
  links.filter((way) => [way[0], way[2]].includes(one) && [way[0], way[2]].includes(two));

/** Cut off from the other member and the arbiter. */
export const alone = (name: MemberHostName): Way[] => [...between(name, other(name)), ...between(name, 'R')];
