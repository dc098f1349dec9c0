import { conditionLine, conditions, type ConditionCode, type Facts } from '../../api/conditions.ts';
import type { InstanceMethods, Parsed } from '../../api/contract.ts';
import { GemelError } from '../../api/errors.ts';
import type { JournalFileView, JournalList, JournalView, PurgeResult } from '../../api/journals.ts';
import { freeBytes, removeDurably } from '../../io/disk-space.ts';
import type { Io } from '../../io/index.ts';
import { decidePurge, filesOf, journalsIn, viewOfFile, type FoundFile, type JournalName, type Position } from '../../journal/index.ts';
import type { InstancePaths } from '../directory.ts';
import type { Place } from '../member/place.ts';
import type { Log } from '../messages.ts';
import type { Settings } from '../settings.ts';
import type { Store } from '../store/index.ts';
import { readBackupNotes } from './backups.ts';
import { forecast } from './forecast.ts';
import { localNeeds, mirrorNeeds, type ManagedJournal } from './needs.ts';
import { givenUp, othersNeed, OthersFile } from './others.ts';
import { SafeStarts } from './safe-starts.ts';

/** How often it is looked at what databases and members have, and whether files can go. */
const LOOK_MS = 60_000;
const PURGE_MS = 86_400_000;
/** Files looked at in one turn of the executor's thread. */
const FILES_A_TURN = 4;

export interface JournalServiceContext {
  readonly io: Io;
  readonly paths: InstancePaths;
  readonly settings: Settings;
  readonly log: Log;
  readonly store: Store;
  readonly places: () => readonly Place[];
  /** Left out: from the real disk. For tests of the end of the process between two files. */
  readonly remove?: (path: string) => Promise<void>;
}

/** One file of a journal, with what is decided of it. */
interface Judged {
  readonly found: FoundFile;
  readonly view: JournalFileView;
}

type ViewBase = Omit<JournalFileView, 'kept' | 'purgeable'>;

/** The journal files of an instance: which there are, why they are kept, and that they go when nobody needs them. */
export class JournalService {
  readonly #context: JournalServiceContext;
  readonly #safeStarts = new SafeStarts();
  readonly #others = new Map<string, OthersFile>();
  /** Closed files do not change. */
  readonly #views = new Map<string, ViewBase>();
  /** By journal: the file in use when it was purged last. */
  readonly #lastFiles = new Map<JournalName, number>();
  /** Asyncs that nothing is kept for, by guid: since when. */
  readonly #lost = new Map<string, { readonly name: string; readonly seenMs: number }>();
  #purgedAtMs = Number.NEGATIVE_INFINITY;
  #purging: Promise<unknown> = Promise.resolve();
  #timer: { cancel(): void } | null = null;
  #isClosed = false;

  constructor(context: JournalServiceContext) {
    this.#context = context;
  }

  /** Looks from now on. */
  start(): void {
    this.#schedule();
    // What the databases' files have now counts from the next look on.
    try {
      this.#managed();
    } catch (error) {
      this.#couldNot(error);
    }
  }

  /** A full disk keeps no instance from starting or working. */
  #couldNot(error: unknown): void {
    if (!(error instanceof GemelError)) throw error;
    this.#note('PURGE_FAILED', `Journal files could not be purged: ${error.message}`, { code: error.code });
  }

  #schedule(): void {
    this.#timer = this.#context.io.clock.timer(LOOK_MS, () => {
      void this.#look().finally(() => {
        if (!this.#isClosed) this.#schedule();
      });
    });
  }

  /** Nothing is removed any more when it has resolved. */
  async close(): Promise<void> {
    this.#isClosed = true;
    this.#timer?.cancel();
    await this.#purging.catch(() => undefined);
  }

  /** What is to be known of others is learned each time; files go once a day and after each switch. */
  async #look(): Promise<void> {
    try {
      const journals = this.#managed();
      const hasSwitched = journals.some(
        ({ name, journal }) => journal !== null && journal.files.last?.number !== this.#lastFiles.get(name),
      );
      const { clock } = this.#context.io;
      if (!hasSwitched && clock.monotonicMs() - this.#purgedAtMs < PURGE_MS) return;
      await this.purge({ dryRun: false, local: false });
    } catch (error) {
      this.#couldNot(error);
    }
  }

  #note(code: ConditionCode, text: string, facts: Facts): void {
    const { severity } = conditions[code];
    this.#context.log(severity === 'refusal' ? 1 : severity, conditionLine(code, text, facts));
  }

  /** Every journal that this instance has open, with all that is needed of it. */
  #managed(): ManagedJournal[] {
    const { io, paths } = this.#context;
    const context = { ...this.#context, safeStarts: this.#safeStarts, backups: readBackupNotes(io.files, paths.mgr) };
    const journals = [localNeeds(context), ...this.#context.places().map((place) => mirrorNeeds(context, place))];
    return journals.map((journal) => ({ ...journal, needs: [...journal.needs, ...this.#othersNeeds(journal)] }));
  }

  #othersNeeds({ name, journal, others }: ManagedJournal): ManagedJournal['needs'] {
    if (name === null || journal === null || others === null) return [];
    const { io, paths, settings } = this.#context;
    const file = this.#others.get(name) ?? new OthersFile(io.files, paths.mgr, name);
    this.#others.set(name, file);
    const now = io.clock.wallMs();
    const epoch = journal.lineage.at(-1)?.epoch ?? { major: 0, minor: 0 };
    file.update(others, { major: epoch.major, minor: epoch.minor }, now);
    const connected = new Set(others.filter((each) => each.connected).map(({ guid }) => guid));
    const days = settings.Journal.DaysForLostAsync;
    const lost = givenUp(file.known, connected, days, now);
    for (const { guid } of file.known) if (!lost.some((each) => each.guid === guid)) this.#lost.delete(guid);
    for (const each of lost) {
      if (this.#lost.get(each.guid)?.seenMs === each.seenMs) continue;
      this.#lost.set(each.guid, each);
      const text = `The async member ${each.name} was not connected for more than ${days} days: journal files are no longer kept for it.`;
      this.#note('ASYNC_NOT_KEPT_FOR', text, { member: each.name, since: new Date(each.seenMs).toISOString() });
    }
    return othersNeed(file.known, connected, journal.lineage, days, now);
  }

  /** Throws NOT_FOUND when there is no such journal here. */
  #chosen({ mirror, local }: { mirror?: string | undefined; local: boolean }): (name: JournalName) => boolean {
    if (mirror === undefined) return local ? (name) => name === null : () => true;
    const wanted = mirror.toUpperCase();
    const { io, paths } = this.#context;
    if (journalsIn(io.files, paths.journal).includes(wanted)) return (name) => name === wanted;
    throw new GemelError(
      'NOT_FOUND',
      `There is no journal of a mirror ${wanted} here.`,
      'Nothing was changed.',
      'gemel journal list shows the journals there are.',
    );
  }

  /** All files of the chosen journals, each with why it is kept. */
  async #judge(
    which: { mirror?: string | undefined; local: boolean },
    days?: number,
  ): Promise<{ managed: ManagedJournal; files: Judged[] }[]> {
    const { io, paths, settings } = this.#context;
    const isChosen = this.#chosen(which);
    const managed = this.#managed();
    const known = new Set(managed.map(({ name }) => name));
    const strangers = journalsIn(io.files, paths.journal).filter((name) => !known.has(name));
    const text = 'this instance is not in its mirror any more';
    const left = strangers.map((name): ManagedJournal => ({
      name,
      journal: null,
      needs: [{ from: null, reason: { code: 'journal', text } }],
      others: null,
      isReporting: false,
    }));
    const judged: { managed: ManagedJournal; files: Judged[] }[] = [];
    for (const each of [...managed, ...left].filter(({ name }) => isChosen(name))) {
      const found = filesOf(io.files, paths.journal, each.name);
      const whole = found.filter(({ header }) => header !== null);
      const age = days ?? this.#daysOf(each, settings.Journal);
      const decided = decidePurge(
        whole.map(({ header, closed }, n) => ({
          number: header?.number ?? 0,
          closedMs: closed === null ? null : (whole[n + 1]?.header?.createdMs ?? null),
          closedLength: closed,
        })),
        each.needs,
        { days: age },
        io.clock.wallMs(),
      );
      const reasons = new Map(decided.map(({ number, kept }) => [number, kept]));
      const files: Judged[] = [];
      for (const one of found) {
        const kept =
          one.header === null ? [{ code: 'journal' as const, text: 'its header cannot be read' }] : (reasons.get(one.header.number) ?? []);
        files.push({ found: one, view: { ...(await this.#viewOf(one, each)), kept: [...kept], purgeable: kept.length === 0 } });
      }
      judged.push({ managed: each, files });
    }
    return judged;
  }

  /** null: files do not go for their age. */
  #daysOf({ isReporting }: ManagedJournal, { DaysBeforePurge, MirrorJournalRetention }: Settings['Journal']): number | null {
    if (isReporting && MirrorJournalRetention === 'dejournaled') return 0;
    return DaysBeforePurge === 0 ? null : DaysBeforePurge;
  }

  async #viewOf(found: FoundFile, { journal }: ManagedJournal): Promise<ViewBase> {
    const key = `${found.path} ${found.closed ?? ''}`;
    const known = this.#views.get(key);
    if (known !== undefined) return known;
    if (this.#views.size % FILES_A_TURN === FILES_A_TURN - 1)
      await new Promise<void>((resolve) => this.#context.io.clock.timer(0, resolve));
    const end = journal?.end.position;
    const view = viewOfFile(this.#context.io.files, found, end?.file === found.header?.number ? end?.offset : undefined);
    if (found.closed !== null) this.#views.set(key, view);
    return view;
  }

  async list(which: Parsed<InstanceMethods, 'journal.list'>): Promise<JournalList> {
    const { paths, settings, io } = this.#context;
    const judged = await this.#judge({ local: false });
    const views = judged.map(({ managed, files }): JournalView => ({
      mirror: managed.name,
      directory: paths.journal,
      files: files.map(({ view }) => view),
    }));
    const days = settings.Journal.DaysBeforePurge === 0 ? null : settings.Journal.DaysBeforePurge;
    const isChosen = this.#chosen(which);
    return {
      journals: views.filter(({ mirror }) => isChosen(mirror)),
      forecast: {
        ...forecast(views, await freeBytes(paths.journal), days, io.clock.wallMs()),
        notKeptFor: [...this.#lost.values()].map(({ name }) => name),
      },
    };
  }

  /** Removes what may go, oldest first, each durably before the next. One at a time. */
  purge(params: Parsed<InstanceMethods, 'journal.purge'>): Promise<PurgeResult> {
    const done = this.#purging.then(() => this.#purge(params));
    this.#purging = done.catch(() => undefined);
    return done;
  }

  async #purge({ dryRun, olderThanDays, ...which }: Parsed<InstanceMethods, 'journal.purge'>): Promise<PurgeResult> {
    const judged = await this.#judge(which, olderThanDays);
    // What is decided on may stand in memory only, as the places of databases that are updated here too do.
    if (!dryRun) await this.#context.store.localEnd();
    const journals: PurgeResult['journals'] = [];
    for (const { managed, files } of judged) {
      const going = files.filter(({ view }) => view.purgeable === true);
      if (!dryRun) {
        await this.#remove(managed, going);
        if (managed.journal !== null) this.#lastFiles.set(managed.name, managed.journal.files.last?.number ?? 0);
      }
      const staying = files.filter((each) => !going.includes(each));
      journals.push({
        mirror: managed.name,
        purged: going.map(({ view }) => ({ name: view.name, size: view.size })),
        kept: staying.map(({ view }) => ({ name: view.name, size: view.size, reasons: view.kept })),
      });
    }
    if (!dryRun) this.#purgedAtMs = this.#context.io.clock.monotonicMs();
    return { dryRun, journals };
  }

  async #remove({ name, journal }: ManagedJournal, going: readonly Judged[]): Promise<void> {
    if (journal === null || going.length === 0) return;
    const { remove = removeDurably, log } = this.#context;
    for (const { found } of going) {
      const { header } = found;
      // Meanwhile another member may have come back, or a database been mounted.
      if (header === null || this.#isClosed || !this.#isFree(name, header.number)) return;
      // Nobody is to begin to read it while it goes.
      journal.files.forget(header.number);
      for (const left of found.superseded) await remove(left);
      await remove(found.path);
      journal.files.forget(header.number);
      journal.log('purged', { ...header, fileName: found.name }, 'nobody needs it');
      this.#views.delete(`${found.path} ${found.closed ?? ''}`);
    }
    const of = name === null ? 'the local journal' : `the journal of the mirror ${name}`;
    const names = going.map(({ found }) => found.name);
    log(0, `${names.length} files of ${of} were purged: ${names.length > 2 ? `${names[0]} to ${names.at(-1)}` : names.join(', ')}.`);
  }

  /** Whether nobody needs the file now, whatever its age. */
  #isFree(name: JournalName, number: number): boolean {
    const now = this.#managed().find((each) => each.name === name);
    const { journal = null, needs = [] } = now ?? {};
    if (journal === null) return false;
    const files = journal.files.all.map((header) => {
      const next = journal.files.get(header.number + 1);
      return { number: header.number, closedMs: next === undefined ? null : 0, closedLength: next?.previousEnd ?? null };
    });
    return decidePurge(files, needs, { days: 0 }, 1).some((each) => each.number === number && each.kept.length === 0);
  }

  /** Everything recorded up to now is durable when it resolves. Rejects when a journal cannot be written. */
  async sync(): Promise<{ journals: { mirror: string | null; position: Position }[] }> {
    const { store, places } = this.#context;
    const mirrors = places().flatMap(({ mirror, member }) => {
      const writer = member?.journal.writer ?? null;
      return writer === null ? [] : [{ mirror, writer }];
    });
    const positions = await Promise.all([store.localEnd(), ...mirrors.map(({ writer }) => writer.settled())]);
    return { journals: positions.map((position, n) => ({ mirror: mirrors[n - 1]?.mirror ?? null, position })) };
  }
}
