import { GemelError } from '../../api/errors.ts';
import { comparePositions, type Journal, type JournalEnd, type Position } from '../../journal/index.ts';
import { asyncStatus } from '../../mirror/index.ts';
import { differenceOf, Replica } from '../checkers/replica.ts';
import { contentOf } from './content.ts';
import type { Instance } from './instance.ts';
import { databaseName, memberGuids } from './layout.ts';
import type { Site } from './site.ts';
import type { World } from './world.ts';

/** What was seen of one member as an async so far. */
interface Seen {
  /** It was a failover member, and what it has may not be durable until it has followed a primary. */
  isFormer: boolean;
  replica: Replica;
  end: JournalEnd | null;
  /** Who showed its readers that much. */
  shown: { readonly by: Instance; readonly journal: Journal; readonly position: Position } | null;
}

/** The asyncs of a world, whoever that is now, and what must always hold of them. */
export class Asyncs {
  readonly #world: World;
  readonly #seen: ReadonlyMap<Site, Seen>;

  constructor(world: World) {
    this.#world = world;
    this.#seen = new Map(world.everyone.map((site) => [site, { isFormer: false, replica: new Replica(), end: null, shown: null }]));
  }

  /** All members that are none of the failover members now. */
  get sites(): readonly Site[] {
    const failover = this.#world.all;
    return this.#world.everyone.filter((site) => !failover.includes(site));
  }

  /** After each step: what their journals hold is durable in the mirror. */
  checkHeld(): void {
    for (const [site, seen] of this.#seen) {
      const { instance } = site;
      if (instance !== null && instance.mirror !== null) seen.isFormer = true;
      const journal = instance?.member?.journal.journal;
      // What a ghost does it has not done.
      if (journal === undefined || instance?.process.alive !== true) continue;
      if (seen.isFormer && instance.member?.primary !== null) {
        seen.isFormer = false;
        seen.end = null;
      }
      if (seen.isFormer || journal.end === seen.end) continue;
      seen.end = journal.end;
      this.#world.ledger.held(site.name, journal.lineage, journal.end.position);
    }
  }

  /** Now and then: what they show is what the mirror had once, and never older than what they have shown. */
  checkShown(): void {
    for (const [site, seen] of this.#seen) this.#checkShown(site, seen);
  }

  #checkShown(site: Site, seen: Seen): void {
    const { instance } = site;
    const database = instance?.store?.executor.namespaces.find(databaseName);
    const journal = instance?.member?.journal.journal;
    if (instance === null || database === undefined || journal === undefined || !instance.process.alive) return;
    const { position } = database.nodes.meta();
    // While it is rewound nobody is shown anything.
    if (position === null || database.readBar !== null) return;
    if (seen.shown?.journal !== journal) seen.replica = new Replica();
    // A force may have given up what was shown; then the journal was cut, and opened anew.
    const isRewound = seen.shown?.journal !== journal && this.#world.ledger.isGivenUp(0);
    const before = seen.shown?.by === instance && !isRewound ? seen.shown.position : null;
    const order = before === null ? 1 : comparePositions(position, before);
    if (order === 0) return;
    if (before !== null && order < 0) this.#world.fail(`${site.name} shows ${textOf(position)} after ${textOf(before)}`);
    const { end } = journal;
    if (comparePositions(position, end.position) > 0)
      this.#world.fail(`the database of ${site.name} contains ${textOf(position)}, and its journal ends at ${textOf(end.position)}`);
    this.#world.ledger.contained(site.name, journal.lineage, position);
    try {
      const wrong = differenceOf(contentOf(instance), seen.replica.at(journal.files, position));
      if (wrong !== null) this.#world.fail(`the database of ${site.name} at ${textOf(position)} ${wrong}`);
    } catch (error) {
      // A disk that cannot be read now is looked at later.
      if (error instanceof GemelError && error.code === 'IO') return;
      throw error;
    }
    seen.shown = { by: instance, journal, position };
  }

  /** What only a person can mend. */
  mend(): void {
    for (const site of this.sites) {
      if (site.instance?.member?.stopped === true) site.setMirroring(true);
      if (site.instance?.isBroken !== true) continue;
      site.note('is mended by a person');
      site.instance.mend();
    }
  }

  /** All that can follow are connected to the primary and have everything. */
  areWell(primary: Instance): boolean {
    return this.sites.every((site) => this.cannotFollow(site) || isConnected(site, primary));
  }

  /** Whether it stands still and says so: a journal is damaged where it is needed. */
  cannotFollow({ instance }: Site): boolean {
    const member = instance?.member ?? null;
    return member !== null && this.#world.damaged !== null && (member.refused ?? member.crashed) !== null;
  }

  get state(): string {
    return this.sites.map((site) => `; ${site.name} ${stateOf(site)}`).join('');
  }
}

/** Follows that primary and has everything. */
export function isConnected({ instance }: Site, primary: Instance): boolean {
  const { member } = instance ?? {};
  if (member === undefined || member === null) return false;
  const isWhole = instance?.isBroken === false && member.dejournaler.halt === null;
  return (
    isWhole && asyncStatus(member) === 'Connected' && member.primary?.guid === memberGuids[primary.site.name] && member.following.hasAll
  );
}

function stateOf({ instance }: Site): string {
  if (instance === null) return 'is down';
  const { member } = instance;
  if (member === null) return 'is starting';
  const why = member.crashed ?? member.refused ?? '';
  return `${asyncStatus(member)} ${why}`.trim();
}

function textOf({ file, offset }: Position): string {
  return `${file}:${offset}`;
}
