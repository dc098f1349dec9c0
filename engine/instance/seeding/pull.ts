import path from 'node:path';
import { conditionLine } from '../../api/conditions.ts';
import { GemelError } from '../../api/errors.ts';
import { DatabaseName } from '../../api/names.ts';
import type { SeededCopy, SeedNews, SeedState } from '../../api/seeding.ts';
import { removeAside } from '../../io/aside-file.ts';
import { RemoteSource, type Member, type MirrorDatabase, type SeedAbout } from '../../mirror/index.ts';
import { placesOf, restoreJob, Room } from '../backup/index.ts';
import type { JobContext } from '../jobs/index.ts';
import { valid, type Place } from '../member/index.ts';
import { primaryOf } from '../member/primary-of.ts';
import { mirroredHere, updateSettings, type Settings } from '../settings.ts';
import { copyOf, hereAt, isStopped, pause, seedDirectory, type Here, type SeedContext } from './context.ts';
import { afterFailure, decideSeed, namespacesFor, newsOfCopy, type SeedAction, type SeedHere } from './decide.ts';
import { download } from './download.ts';
import type { SeedRecord } from './record.ts';
import { requireRoomFor } from './room.ts';

/** A copy that this member is to make. */
export interface Wish {
  /** Name of the database in the mirror. */
  readonly database: string;
  /** GUID of the member it is taken from; null: the primary, or another one that has it. */
  readonly from: string | null;
  /** Name here; undefined: as there. */
  readonly as?: string | undefined;
  readonly directory?: string | undefined;
  readonly overwrite: boolean;
}

/** Between two attempts. */
const AGAIN_MS = 1000;
const LOOK_MS = 100;
/** Words about the progress come no more often. */
const TELL_MS = 300;
const ROOM_BYTES = 8 * 1024 * 1024;

/** What is known before anything is changed. */
interface Found {
  readonly source: RemoteSource;
  readonly about: SeedAbout;
  readonly entry: MirrorDatabase;
  readonly facts: SeedHere;
  readonly action: SeedAction;
}

/** One copy in the making: asked for again and again, also of another member, until it is caught up, or something is for a person to do. */
export class Pull {
  readonly #wish: Wish;
  readonly #place: Place;
  readonly #record: SeedRecord;
  readonly #context: SeedContext;
  #source: RemoteSource | null = null;
  #toldAt = Number.NEGATIVE_INFINITY;
  #damaged = 0;
  /** The copy is there, and may have to catch up. */
  #made: Found | null = null;

  constructor(wish: Wish, place: Place, record: SeedRecord, context: SeedContext) {
    this.#wish = wish;
    this.#place = place;
    this.#record = record;
    this.#context = context;
  }

  /** What the first attempt would find: throws as that, and nothing is changed. @returns what no other job may be at work on */
  async check(): Promise<readonly string[]> {
    try {
      const { facts } = await this.#find();
      return [`database ${facts.name}`, `directory ${facts.directory}`];
    } catch (error) {
      await this.tell(failed(error));
      throw error;
    } finally {
      this.#source?.close();
    }
  }

  /** Throws what a person has to do something about; everything that passes is waited for. */
  async run(job: JobContext): Promise<SeededCopy> {
    let said = '';
    for (;;) {
      try {
        return await this.#once(job);
      } catch (error) {
        job.signal.throwIfAborted();
        if (!(error instanceof GemelError)) throw error;
        const after = afterFailure(error, this.#damaged);
        if (after === 'anew') {
          this.#damaged += 1;
          await this.#drop();
        }
        if (after === 'give-up') {
          await this.#drop();
          await this.tell(failed(error));
          throw error;
        }
        if (error.message !== said) job.step(`It goes on by itself: ${error.message}`);
        said = error.message;
        await this.tell({ state: 'waiting', done: 0, total: null, text: error.what });
        await pause(this.#context.io.clock, AGAIN_MS, job.signal);
      } finally {
        this.#source?.close();
      }
    }
  }

  // ------------------------------------------------------------ finding out

  async #find(): Promise<Found> {
    const { io, settings, store } = this.#context;
    const here = hereAt(this.#place);
    const { database, overwrite, as, directory: given } = this.#wish;
    const entry = here.member.membership.databases.find(({ name }) => name === database);
    const { source, about } = await this.#ask(here);
    const copy = copyOf(here, database, settings);
    const mapped = mirroredHere(settings, this.#place.mirror)[database];
    const name = valid(DatabaseName, as ?? mapped ?? about.name, 'a database');
    const configured = settings.Databases[name];
    const directory = store.directoryOf(configured ?? given ?? name.toLowerCase());
    const facts: SeedHere = {
      ...copy,
      guid: entry?.guid ?? null,
      isPrimary: primaryOf(here.member) === here.member.options.record.self,
      instance: settings.Startup.InstanceName,
      database,
      name,
      isTaken: configured !== undefined,
      directory,
      isOccupied: io.files.exists(path.join(directory, 'GEMEL.DAT')),
      overwrite,
      lacksJournal: entry === undefined ? null : here.host.mirrored.lacksJournal(name, entry.created),
    };
    const action = decideSeed(about, facts);
    if (entry === undefined) throw new GemelError('INTERNAL', 'A database that is made a copy of is in the mirror.');
    if (action === 'copy') requireRoomFor(about.bytes, facts);
    return { source, about, entry, facts, action };
  }

  /** Asks the primary first, then whoever else has a copy. Throws why none can be had now. */
  async #ask(here: Here): Promise<{ source: RemoteSource; about: SeedAbout }> {
    const { net, io } = this.#context;
    const { membership, options } = here.member;
    const { self } = options.record;
    let first: unknown = null;
    for (const member of sourcesFor(here, this.#wish.from)) {
      try {
        const source = await RemoteSource.open({ net, clock: io.clock }, membership, self, member, this.#wish.database);
        this.#source = source;
        return { source, about: await source.about() };
      } catch (error) {
        if (!(error instanceof GemelError)) throw error;
        this.#source?.close();
        this.#source = null;
        first ??= error;
      }
    }
    throw first ?? new GemelError('TIMEOUT', 'No primary is known now.', 'Nothing was changed.', 'Try again when the mirror has one.');
  }

  // ------------------------------------------------------------ the work

  async #once(job: JobContext): Promise<SeededCopy> {
    const found = this.#made ?? (await this.#find());
    const { source, facts, about, entry, action } = found;
    const { name, database } = facts;
    if (this.#made === null) await (action === 'create' ? this.#create(found) : this.#copy(found, job));
    this.#made = found;
    const differences = this.#makeNamespaces(found);
    await this.#caughtUp(job);
    const text = [
      `The copy ${name} of ${database} was ${action === 'create' ? 'made' : `taken from ${source.member}`} and follows the mirror.`,
      ...differences,
    ].join(' ');
    const { log } = this.#context;
    log(1, conditionLine('SEEDED', text, { database, from: source.member }));
    if (entry.wanted !== undefined) this.#record.settle(about.guid, entry.wanted);
    await this.tell({ state: 'caught-up', done: 0, total: null, text: differences.join(' ') });
    return { database, member: hereAt(this.#place).member.self.name, state: 'caught-up', text };
  }

  /** The journal brings everything. */
  async #create({ about, facts }: Found): Promise<void> {
    const { mirror } = this.#context;
    await mirror.createDatabase({
      name: facts.name,
      directory: facts.directory,
      mirrored: true,
      wholeMirror: false,
      mirror: this.#place.mirror,
      mirrorDatabase: facts.database,
      namespace: false,
      ...(about.maxSizeMB === null ? {} : { maxSizeMB: about.maxSizeMB }),
    });
  }

  async #copy({ source, about, facts }: Found, job: JobContext): Promise<void> {
    const { io } = this.#context;
    const { database, name, directory } = facts;
    const { id, bytes, total } = await this.#prepared(source, job);
    const path_ = path.join(seedDirectory(directory), `${id}.part`);
    const before = this.#record.parts.find((part) => part.database === database);
    if (before !== undefined && before.file !== path_) await this.#drop();
    requireRoomFor(total + bytes, facts);
    this.#record.begin({ database, guid: about.guid, id, file: path_, directory });
    job.step(`Copying what ${source.member} has of ${database}.`);
    io.files.makeDirectory(path.dirname(path_));
    const room = new Room(io.files, path_, placesOf(this.#context), []);
    let looked = 0;
    await download({
      files: io.files,
      source,
      id,
      bytes,
      path: path_,
      signal: job.signal,
      progress: (done) => {
        this.#progress(job, 'copying', `Copying ${database}`, done, bytes);
        if (done - looked < ROOM_BYTES) return;
        looked = done;
        room.check();
      },
    });
    const params = { file: path_, as: name, directory, overwrite: facts.overwrite, namespace: false } as const;
    const restore = restoreJob(params, this.#context);
    await restore.run({
      ...job,
      progress: ({ done, total: all }) => this.#progress(job, 'restoring', `Writing ${database}`, done, all),
    });
    await this.#drop();
  }

  /** Waits until there is a backup there. */
  async #prepared(source: RemoteSource, job: JobContext): Promise<{ id: string; bytes: number; total: number }> {
    for (;;) {
      job.signal.throwIfAborted();
      const { id, bytes, done, total } = await source.prepare();
      if (id !== null) return { id, bytes, total };
      this.#progress(job, 'preparing', `${source.member} makes a backup`, done, total);
    }
  }

  #makeNamespaces({ about, facts, source }: Found): readonly string[] {
    const { settings, paths, io, store, log } = this.#context;
    const { make, differences } = namespacesFor(about, facts.name, source.member, settings.Namespaces);
    if (make.length > 0) {
      const added = Object.fromEntries(make.map((namespace) => [namespace, facts.name]));
      const change = (s: Settings): Settings => ({ ...s, Namespaces: { ...s.Namespaces, ...added } });
      Object.assign(settings, change(updateSettings(paths.settings, change, io.files)));
      for (const namespace of make) store.executor.namespaces.define(namespace, facts.name);
      log(0, `Namespaces with the default database ${facts.name} were made as on ${source.member}: ${make.join(', ')}.`);
    }
    for (const text of differences) log(2, conditionLine('SEED_DIFFERENCE', text, { database: facts.database }));
    return differences;
  }

  /** Waits until it has what this member has of the journal now. */
  async #caughtUp(job: JobContext): Promise<void> {
    const { settings, io } = this.#context;
    const { database } = this.#wish;
    job.setCancellable(true);
    const goal = hereAt(this.#place).member.journal.reach.end.position;
    for (;;) {
      job.signal.throwIfAborted();
      const here = hereAt(this.#place);
      const news = newsOfCopy(copyOf(here, database, settings), goal, isStopped(here));
      if (news?.state === 'caught-up') return;
      if (news === null || news.state === 'refused')
        throw new GemelError(
          'REFUSED',
          `The copy of ${database} was made, but does not follow the mirror: ${news?.text ?? 'it is gone'}.`,
          'It stays as it is.',
          'gemel mirror status shows how it stands.',
        );
      this.#progress(job, 'catching-up', `${database} catches up`, 0, null);
      await pause(io.clock, LOOK_MS, job.signal);
    }
  }

  /** What has come of a backup is not needed any more. */
  async #drop(): Promise<void> {
    const { database } = this.#wish;
    const part = this.#record.parts.find((each) => each.database === database);
    if (part !== undefined) await removeAside(part.file);
    this.#record.end(database);
  }

  // ------------------------------------------------------------ telling

  #progress(job: JobContext, state: SeedState, text: string, done: number, total: number | null): void {
    job.progress({ done, total, unit: 'bytes', text });
    const now = this.#context.io.clock.monotonicMs();
    if (now - this.#toldAt < TELL_MS) return;
    this.#toldAt = now;
    void this.tell({ state, done, total, text: '' });
  }

  /** Tells whoever it is taken from; nobody waits for who cannot be told. */
  async tell(news: SeedNews): Promise<void> {
    if (this.#source === null || this.#source.closed) return;
    try {
      await this.#source.tell(news);
    } catch (error) {
      if (!(error instanceof GemelError)) throw error;
    }
  }
}

function failed(error: unknown): SeedNews {
  if (error instanceof GemelError && afterFailure(error, 0) === 'again')
    return { state: 'waiting', done: 0, total: null, text: error.what };
  const text = error instanceof GemelError ? `${error.what} ${error.todo}` : 'An internal error occurred there: see messages.log.';
  return { state: 'refused', done: 0, total: null, text };
}

/** In the order in which they are asked. */
function sourcesFor({ member }: Here, from: string | null): Member[] {
  const primary = primaryOf(member);
  const self = member.options.record.self;
  const { members } = member.membership;
  if (from !== null) return members.filter(({ guid }) => guid === from);
  const rank = ({ guid, type }: Member): number => (guid === primary ? 0 : type === 'Failover' ? 1 : type === 'Disaster Recovery' ? 2 : 3);
  return members.filter((each) => each.guid !== self && rank(each) < 3 && primary !== null).sort((a, b) => rank(a) - rank(b));
}
