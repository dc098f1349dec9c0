import { conditionLine } from '../../api/conditions.ts';
import { GemelError } from '../../api/errors.ts';
import { fromWireError } from '../../api/rpc/index.ts';
import type { Position } from '../../journal/index.ts';
import { memberOf, RemoteSource, type MirrorDatabase } from '../../mirror/index.ts';
import { removeDrafts } from '../backup/index.ts';
import type { Place } from '../member/index.ts';
import { primaryOf } from '../member/primary-of.ts';
import { copyOf, isStopped, removeSeeds, type Here, type SeedContext } from './context.ts';
import { afterFailure, isDue, newsOfCopy, type CopyHere } from './decide.ts';
import { Pull } from './pull.ts';
import { SeedRecord } from './record.ts';

/** Changes that come together are looked at together. */
const SOON_MS = 100;
const EVERY_MS = 5000;
/** After an attempt that did not come to its end: something passes by itself, or a person has to do something. */
const AGAIN_MS = 1000;
const REFUSED_MS = 60_000;
const WAIT_MS = 60_000;

/** When a copy is tried again, and what was said of it. */
interface Tried {
  readonly wanted: number;
  /** GUID of who was primary. */
  readonly primary: string | null;
  readonly notBefore: number;
  readonly why: string;
}

/** Looks what copies this member is to have and lacks, and makes them, one after the other; tells the primary of those that it has. */
export class Keeper {
  readonly #context: SeedContext;
  readonly #places: () => readonly Place[];
  readonly #records = new Map<string, { readonly self: string; readonly record: SeedRecord }>();
  /** Mirrors that are being looked at. */
  readonly #busy = new Set<string>();
  /** By the database's GUID. */
  readonly #tried = new Map<string, Tried>();
  /** What the primary was told last. */
  readonly #reported = new Map<string, string>();
  readonly #goals = new Map<string, Position>();
  #soon: { cancel(): void } | null = null;
  #timer: { cancel(): void } | null = null;
  #isClosed = false;

  constructor(context: SeedContext, places: () => readonly Place[]) {
    this.#context = context;
    this.#places = places;
  }

  /** What was on its way when the instance ended goes on, or is removed. */
  start(): void {
    const { io, settings, store } = this.#context;
    const kept = new Set(this.#places().flatMap((place) => this.#tidy(place)));
    removeSeeds(
      io.files,
      Object.values(settings.Databases).map((directory) => store.directoryOf(directory)),
      kept,
    );
    this.#later();
  }

  /** @returns files that are gone on with */
  #tidy(place: Place): string[] {
    const { io, settings, store } = this.#context;
    const record = this.record(place);
    const { member, host } = place;
    if (record === null || member === null || host === null) return [];
    const configured = new Set(Object.values(settings.Databases).map((directory) => store.directoryOf(directory)));
    return [...record.parts].flatMap(({ database, guid, file, directory }) => {
      const entry = member.membership.databases.find((each) => each.name === database && each.guid === guid);
      const copy = copyOf({ member, host }, database, settings);
      if (entry !== undefined && copy.view === undefined && !copy.isMapped && isDue(entry.wanted, record.settled(guid))) return [file];
      io.files.remove(file);
      // Those of databases that are configured have gone already.
      if (!configured.has(directory)) removeDrafts(io.files, directory);
      record.end(database);
      return [];
    });
  }

  #later(): void {
    if (this.#isClosed) return;
    this.#timer = this.#context.io.clock.timer(EVERY_MS, () => {
      this.#look();
      this.#later();
    });
  }

  /** Something has changed that may be a wish for a copy. */
  changed(delayMs = SOON_MS): void {
    if (this.#isClosed || this.#soon !== null) return;
    this.#soon = this.#context.io.clock.timer(delayMs, () => {
      this.#soon = null;
      this.#look();
    });
  }

  close(): void {
    this.#isClosed = true;
    this.#soon?.cancel();
    this.#timer?.cancel();
  }

  /** What the member remembers; null: it is held. */
  record({ mirror, member }: Place): SeedRecord | null {
    if (member === null) return null;
    const { self } = member.options.record;
    const known = this.#records.get(mirror);
    if (known?.self === self) return known.record;
    const { io, paths } = this.#context;
    const record = new SeedRecord(io.files, paths.mgr, mirror, self);
    this.#records.set(mirror, { self, record });
    return record;
  }

  #look(): void {
    for (const place of this.#places()) {
      const { member } = place;
      if (member === null || this.#busy.has(place.mirror) || !member.membership.databases.some(({ wanted }) => wanted !== undefined))
        continue;
      this.#busy.add(place.mirror);
      void this.#serve(place).finally(() => this.#busy.delete(place.mirror));
    }
  }

  async #serve(place: Place): Promise<void> {
    const here = partOf(place);
    const record = this.record(place);
    if (here === null || record === null) return;
    const { databases } = here.member.membership;
    try {
      record.keepOnly(new Set(databases.map(({ guid }) => guid)));
      for (const entry of databases) {
        if (entry.wanted === undefined || this.#isClosed || partOf(place) === null) continue;
        const copy = copyOf(here, entry.name, this.#context.settings);
        if (copy.view === undefined && !copy.isMapped) await this.#make(entry, entry.wanted, place, record);
        else await this.#tellOf(copy, entry, entry.wanted, here, record);
      }
    } catch (error) {
      // A full disk, say: it is looked at again.
      if (!(error instanceof GemelError)) throw error;
    }
  }

  // ------------------------------------------------------------ a copy that is lacking

  async #make(entry: MirrorDatabase, wanted: number, place: Place, record: SeedRecord): Promise<void> {
    const { io } = this.#context;
    const { guid, name } = entry;
    const tried = this.#tried.get(guid);
    if (!isDue(wanted, record.settled(guid))) return;
    const primary = place.member === null ? null : primaryOf(place.member);
    // Another primary may have what this one lacked, and this member may have been it.
    const isSame = tried?.wanted === wanted && tried.primary === primary;
    if (tried !== undefined && isSame && io.clock.monotonicMs() < tried.notBefore) return;
    const pull = new Pull({ database: name, from: null, overwrite: false }, place, record, this.#context);
    try {
      await this.#carryOut(name, pull);
      this.#tried.delete(guid);
    } catch (error) {
      if (!(error instanceof GemelError)) throw error;
      this.#failed(entry, { wanted, primary }, error, tried?.why);
    }
    this.changed();
  }

  /** In a job of its own. Throws what it failed with; NOT_RUNNING when it was cancelled. */
  async #carryOut(name: string, pull: Pull): Promise<void> {
    const { jobs } = this.#context;
    const holds = await pull.check();
    if (this.#isClosed) return;
    const id = jobs.start({ kind: 'db.seed', title: `copy of ${name}`, cancellable: true, holds, run: (job) => pull.run(job) });
    for (;;) {
      const { state, error } = await jobs.get(id, WAIT_MS);
      if (state === 'running') continue;
      if (state === 'cancelled') throw new Cancelled(name);
      if (error !== null) throw fromWireError(error);
      return;
    }
  }

  #failed({ guid, name }: MirrorDatabase, at: Pick<Tried, 'wanted' | 'primary'>, error: GemelError, before: string | undefined): void {
    const { io, log } = this.#context;
    const passes = afterFailure(error, 0) === 'again';
    const delayMs = error instanceof Cancelled ? Number.POSITIVE_INFINITY : passes ? AGAIN_MS : REFUSED_MS;
    this.#tried.set(guid, { ...at, notBefore: io.clock.monotonicMs() + delayMs, why: passes ? (before ?? '') : error.message });
    if (!passes && error.message !== before)
      log(2, conditionLine('SEED_REFUSED', `This member makes no copy of ${name}: ${error.message}`, { database: name }));
    if (delayMs === AGAIN_MS) this.changed(AGAIN_MS);
  }

  // ------------------------------------------------------------ a copy that is there

  async #tellOf(copy: CopyHere, { guid, name }: MirrorDatabase, wanted: number, here: Here, record: SeedRecord): Promise<void> {
    const { net, io } = this.#context;
    const { member } = here;
    if (copy.view !== undefined && copy.view.isObsolete !== true) record.settle(guid, wanted);
    const goal = this.#goals.get(guid) ?? member.journal.reach.end.position;
    this.#goals.set(guid, goal);
    const news = newsOfCopy(copy, goal, isStopped(here));
    const primary = memberOf(member.membership, primaryOf(member) ?? '');
    if (news === null || primary === undefined) return;
    const said = `${primary.guid} ${wanted} ${news.state} ${news.text}`;
    if (this.#reported.get(guid) === said) return;
    try {
      const source = await RemoteSource.open({ net, clock: io.clock }, member.membership, member.options.record.self, primary, name);
      await source.tell(news);
      source.close();
      this.#reported.set(guid, said);
      if (news.state === 'catching-up') this.changed(AGAIN_MS);
    } catch (error) {
      if (!(error instanceof GemelError)) throw error;
      // The primary may lack it itself: then it waits for no word of it.
    }
  }
}

class Cancelled extends GemelError {
  constructor(name: string) {
    super('NOT_RUNNING', `The copy of ${name} was cancelled.`, 'Nothing was changed.', 'gemel db seed makes it.');
  }
}

/** A member that makes copies by itself, and knows a primary that it is not. */
function partOf({ member, host }: Place): Here | null {
  if (member === null || host === null) return null;
  const { type } = member.self;
  const primary = primaryOf(member);
  if ((type !== 'Failover' && type !== 'Disaster Recovery') || primary === null || primary === member.options.record.self) return null;
  return { member, host };
}
