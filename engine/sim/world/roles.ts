import type { Epoch } from '../../journal/index.ts';
import { failoverMembers, type Membership } from '../../mirror/index.ts';
import { compareEpochs } from '../../mirror/failover/epochs.ts';
import { memberHosts } from '../faults/kinds.ts';
import { memberGuids } from './layout.ts';
import type { Site } from './site.ts';
import type { World } from './world.ts';

/** Which members are failover members now: as the primary has it, or else the newest membership that anybody was seen with. */
export class Roles {
  readonly #world: World;
  #pair: readonly Site[];
  #newest: Membership | null = null;
  readonly #known = new Map<Site, { readonly epoch: Epoch; readonly since: number }>();

  constructor(world: World) {
    this.#world = world;
    this.#pair = world.everyone.filter(({ name }) => (memberHosts as readonly string[]).includes(name));
  }

  get failover(): readonly Site[] {
    return this.#pair;
  }

  /** The newest epoch that a running member knows of, and since when; null: it does not run. */
  known(site: Site): { readonly epoch: Epoch; readonly since: number } | null {
    return this.#known.get(site) ?? null;
  }

  #learn(site: Site): void {
    const { instance } = site;
    const epoch = instance?.mirror?.durable.seen ?? instance?.member?.seen;
    const before = this.#known.get(site);
    if (epoch === undefined) this.#known.delete(site);
    else if (before?.epoch !== epoch) this.#known.set(site, { epoch, since: this.#world.now });
  }

  /** After each step. */
  look(): void {
    if (this.#world.profile.roles !== true) return;
    for (const site of this.#world.everyone) this.#learn(site);
    const newest = this.#ofPrimary() ?? this.#highest();
    if (newest === null || newest === this.#newest) return;
    this.#newest = newest;
    const guids = new Set(failoverMembers(newest).map(({ guid }) => guid));
    this.#pair = this.#world.everyone.filter(({ name }) => guids.has(memberGuids[name]));
  }

  /** Of two that have not heard of each other the one in the higher epoch counts. */
  #ofPrimary(): Membership | null {
    const open = this.#world.everyone.flatMap(({ instance }) => {
      const writer = instance?.mirror?.journal.writer ?? null;
      return instance?.isOpen === true && instance.mirror !== null && writer !== null
        ? [{ mirror: instance.mirror, epoch: writer.epoch }]
        : [];
    });
    const [first] = open.toSorted((a, b) => compareEpochs(b.epoch, a.epoch));
    return first?.mirror.membership ?? null;
  }

  #highest(): Membership | null {
    let highest = this.#newest;
    for (const { instance } of this.#world.everyone) {
      const membership = (instance?.mirror ?? instance?.member)?.membership;
      if (membership !== undefined && membership.version > (highest?.version ?? 0)) highest = membership;
    }
    return highest;
  }
}
