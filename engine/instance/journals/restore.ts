import path from 'node:path';
import type { RestoredJournals } from '../../api/journals.ts';
import { GemelError } from '../../api/errors.ts';
import type { InstanceMethods, Parsed } from '../../api/contract.ts';
import { parseReference } from '../../globals/index.ts';
import type { Files, Io } from '../../io/index.ts';
import { journalDirectories, JournalReplay, readHeader, type ReplayEnd, type ReplayUpdate } from '../../journal/index.ts';
import type { OpenDatabase, WriteBar } from '../executor/index.ts';
import type { JobContext, Jobs } from '../jobs/index.ts';
import type { Store } from '../store/index.ts';
import type { InstancePaths } from '../directory.ts';

export interface RestoreContext {
  readonly io: Io;
  readonly store: Store;
  readonly paths: InstancePaths;
  readonly jobs: Jobs;
}

/** Longest work of the executor's thread at once. */
const SLICE_MS = 8;
const SLICE_UPDATES = 500;

type Params = Parsed<InstanceMethods, 'journal.restore'>;

/**
 * Begins a job that applies journal files to an unmirrored database, up to a point. Its updates go through this instance's own journal
 * like those of a client, and nobody else updates the database meanwhile. After a crash the database has a part of them; the same
 * restore once more ends as the first one would have.
 * @throws GemelError NOT_FOUND, REFUSED, USAGE, and as reading the files' headers does, with nothing changed
 */
export function restoreJournals(params: Params, context: RestoreContext): { job: string } {
  const { store, io, paths, jobs } = context;
  const database = restorable(store, params.database);
  const places = journalDirectories(io.files, paths.journal);
  const given = params.files.map((file) => placeOf(file, places, io.files));
  const missing = given.find((file) => !io.files.exists(file));
  if (missing !== undefined)
    throw new GemelError(
      'NOT_FOUND',
      `There is no file ${missing}.`,
      'Nothing was changed.',
      'Give paths of journal files on the instance’s host.',
    );
  const source = params.source ?? database.directory;
  const replay = new JournalReplay({
    files: io.files,
    paths: given,
    source,
    end: endOf(params.to, given, context),
    ...(params.global === undefined ? {} : { global: globalOf(params.global) }),
  });
  const job = jobs.start({
    kind: 'journal.restore',
    title: `restore journal files to ${database.name}`,
    cancellable: true,
    holds: [`database ${database.name}`],
    run: (running) => new Restore(context, database, replay, source, running).run(),
  });
  return { job };
}

/** Throws NOT_FOUND, REFUSED. */
function restorable(store: Store, name: string): OpenDatabase {
  const database = store.executor.namespaces.find(name);
  if (database === undefined)
    throw new GemelError('NOT_FOUND', `There is no mounted database ${name.toUpperCase()}.`, 'Nothing was changed.');
  if (database.mirror === null) {
    database.writable();
    return database;
  }
  const what = `The database ${database.name} is a database of the mirror ${database.mirror.name}: journal files applied here alone would part it from the other members.`;
  throw new GemelError(
    'REFUSED',
    what,
    'Nothing was changed.',
    'A mirrored database catches up by itself. To restore it here, remove it from the mirror first, or restore to another database.',
  );
}

function globalOf(text: string): string {
  const { environment, key } = parseReference(Buffer.from(text, 'utf8').latin1Slice());
  if (environment === null) return key;
  throw new GemelError('USAGE', 'The global is given without a namespace.', 'Nothing was changed.', 'Write it like ^X(1).');
}

/** A time, or FILE:OFFSET with the number or name of one of the files. */
function endOf(to: string | undefined, given: readonly string[], { io }: RestoreContext): ReplayEnd {
  if (to === undefined) return { by: 'all' };
  const place = /^(?:.*\/)?([^/:]+):(\d+)$/.exec(to);
  const [, file = '', offset = ''] = place ?? [];
  const named = given.find((each) => path.basename(each) === file);
  if (named !== undefined) return { by: 'place', file: readHeader(io.files, named).number, offset: Number(offset) };
  if (/^\d{1,9}$/.test(file)) return { by: 'place', file: Number(file), offset: Number(offset) };
  const ms = Date.parse(to);
  if (!Number.isNaN(ms)) return { by: 'time', ms };
  throw new GemelError(
    'USAGE',
    `"${to}" is neither a time nor a place in one of the files.`,
    'Nothing was changed.',
    'Give a time such as 2026-11-21T20:00:00Z, or FILE:OFFSET with one of the files.',
  );
}

class Restore {
  readonly #context: RestoreContext;
  readonly #database: OpenDatabase;
  readonly #replay: JournalReplay;
  readonly #source: string;
  readonly #job: JobContext;

  constructor(context: RestoreContext, database: OpenDatabase, replay: JournalReplay, source: string, job: JobContext) {
    this.#context = context;
    this.#database = database;
    this.#replay = replay;
    this.#source = source;
    this.#job = job;
  }

  async run(): Promise<RestoredJournals> {
    const survey = await this.#survey();
    const { store } = this.#context;
    const database = this.#database;
    if (store.executor.namespaces.find(database.name) !== database || database.mirror !== null)
      throw new GemelError(
        'REFUSED',
        `The database ${database.name} is another one now.`,
        'Nothing was changed.',
        'Begin the restore anew.',
      );
    database.writable();
    const { bar: before } = database;
    const bar: WriteBar = {
      code: 'PROTECT',
      what: `Journal files are being restored to the database ${database.name}.`,
      todo: 'Update it when that is over: gemel job list.',
    };
    database.bar = bar;
    let done: { updates: number; undone: number };
    try {
      done = await this.#apply(survey.bytes, bar);
    } finally {
      if (database.bar === bar) database.bar = before;
    }
    await store.localEnd();
    const { upTo } = survey;
    if (upTo === null) throw new GemelError('INTERNAL', 'A survey that found updates says where they end.');
    const message = `${done.updates} updates up to ${path.basename(upTo.file)}:${upTo.offset} were applied to ${database.name}; ${done.undone} transactions that are open there were rolled back.`;
    return { message, updates: done.updates, rolledBack: done.undone, upTo: { file: path.basename(upTo.file), offset: upTo.offset } };
  }

  /** Everything is read and verified before anything is changed. */
  async #survey(): ReturnType<Restore['collected']> {
    this.#job.step('The files are read and verified.');
    const survey = await this.collected();
    if (survey.databases.size > 0 && survey.updates === 0 && !this.#isNamed(survey.databases))
      throw new GemelError(
        'NOT_FOUND',
        `The journal files name no database ${this.#source}.`,
        'Nothing was changed.',
        `They name ${[...survey.databases].join(', ')}: give one of these with --source.`,
      );
    if (survey.upTo === null)
      throw new GemelError('NOT_FOUND', 'There is nothing in the files up to that point.', 'Nothing was changed.', 'Give a later point.');
    return survey;
  }

  #isNamed(databases: ReadonlySet<string>): boolean {
    return [...databases].some((name) => name.toUpperCase() === this.#source.toUpperCase());
  }

  async collected() {
    const total = this.#replay.bytes;
    const reading = this.#replay.survey();
    let done = 0;
    for (let until = this.#now + SLICE_MS; ;) {
      const step = reading.next();
      if (step.done === true) return step.value;
      done += step.value;
      if (this.#now < until) continue;
      this.#job.progress({ done: Math.min(done, total), total, unit: 'bytes', text: 'Verifying' });
      await this.#turn();
      until = this.#now + SLICE_MS;
    }
  }

  async #apply(total: number, bar: WriteBar): Promise<{ updates: number; undone: number }> {
    const database = this.#database;
    this.#job.step(
      `Updates of ${this.#source} are applied to ${database.name}. Cancelled or interrupted, a part of them stays; the same restore can be given again.`,
    );
    let [bytes, updates, undone] = [0, 0, 0];
    for (const block of this.#replay.updates()) {
      for (let at = 0; at < block.updates.length; at += SLICE_UPDATES) {
        this.#change(block.updates.slice(at, at + SLICE_UPDATES), bar);
        await this.#turn();
      }
      bytes += block.bytes;
      if (block.undone === 0) updates += block.updates.length;
      undone += block.undone;
      this.#job.progress({ done: bytes, total, unit: 'bytes', text: 'Applying' });
      if (block.updates.length === 0) await this.#turn();
    }
    return { updates, undone };
  }

  /** In one turn: nobody else's update comes between lifting the bar and setting it again. */
  #change(updates: readonly ReplayUpdate[], bar: WriteBar): void {
    const database = this.#database;
    const { executor } = this.#context.store;
    // Another reason to take no updates is stronger.
    if (database.bar !== bar) database.writable();
    database.bar = null;
    try {
      for (const { key, value } of updates) {
        const old = database.reading().get(key);
        if (value !== undefined || old !== undefined) executor.update(database, key, value, old, 0, null);
      }
    } finally {
      database.bar ??= bar;
    }
  }

  get #now(): number {
    return this.#context.io.clock.monotonicMs();
  }

  /** Lets others work, and waits until more updates are taken. */
  async #turn(): Promise<void> {
    const { io, store } = this.#context;
    do await new Promise<void>((resolve) => io.clock.timer(store.executor.saturated ? 20 : 0, resolve));
    while (store.executor.saturated && !this.#job.signal.aborted);
    this.#job.signal.throwIfAborted();
  }
}

/** A name is that of a file in the last directory of journals that has it. */
function placeOf(file: string, places: readonly string[], files: Files): string {
  if (path.isAbsolute(file)) return file;
  const found = places.map((place) => path.join(place, file));
  return found.findLast((each) => files.exists(each)) ?? path.join(places[0] ?? '', file);
}
