import fc from 'fast-check';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { GemelError } from '../api/errors.ts';
import { createDatabase, DatabaseWriter } from '../database/index.ts';
import { openSqlite, readMeta } from '../database/file.ts';
import { realIo } from '../io/io.ts';
import { Applier, type ApplierFailure } from './applier.ts';
import { ApplierServer } from './applier-server.ts';
import type { StartApplierThread } from './applier-start.ts';
import type { TargetWriter } from './applier-target.ts';
import type { Journal } from './journal.ts';
import { mirrorJournal, Workplace } from './test-support.ts';
import type { Position } from './types.ts';
import type { JournalWriter } from './writer.ts';

const guid = '00000000-0000-4000-8000-0000000000d0';
const names = ['A', 'B', 'C', 'D', 'E'];

let place: Workplace;
beforeEach(() => {
  place = new Workplace();
});
afterEach(() => place.remove());

/** Threads as turns of this one, which end in the middle of what they do when they are told to. */
class Threads {
  /** Directories whose files take no commit with anything in it. */
  readonly failing = new Set<string>();
  #killed = { now: false };
  readonly #writers = new Set<DatabaseWriter>();

  readonly start: StartApplierThread = (data, user) => {
    const killed = this.#killed;
    const { promise: ended, resolve: end } = Promise.withResolvers<void>();
    const server = new ApplierServer(data, {
      ...realIo,
      turns: { atEndOfTurn: (act) => setImmediate(() => killed.now || act()) },
      openWriter: (directory) => this.#open(directory),
      tell: (news) => setImmediate(() => killed.now || user.heard(structuredClone(news))),
    });
    return {
      post: (command) =>
        setImmediate(() => {
          if (killed.now || server.isClosed) return;
          server.obey(command);
          if (server.isClosed) setImmediate(end);
        }),
      terminate: end,
      ended,
    };
  };

  /** All of them are gone, with what they had gathered. */
  kill(): void {
    this.#killed.now = true;
    this.#killed = { now: false };
    for (const writer of this.#writers) {
      writer.rollback();
      writer.close();
    }
    this.#writers.clear();
  }

  #open(directory: string): TargetWriter {
    const writer = DatabaseWriter.open(directory);
    this.#writers.add(writer);
    const { failing } = this;
    const writers = this.#writers;
    return new Proxy(writer, {
      get(_, key) {
        if (key === 'upsertFrom' && failing.has(directory))
          return () => {
            throw new GemelError('IO', 'The disk does not take it.', '', '');
          };
        if (key === 'close') writers.delete(writer);
        const value: unknown = Reflect.get(writer, key, writer);
        return typeof value === 'function' ? value.bind(writer) : value;
      },
    });
  }
}

/** The same databases, fed by an applier with so many workers. */
class World {
  readonly threads = new Threads();
  readonly failures: ApplierFailure[] = [];
  readonly fed = new Set<string>();
  applier: Applier;
  readonly #journal: Journal;
  readonly #workers: number;
  readonly #root: string;

  constructor(journal: Journal, root: string, workers: number) {
    this.#journal = journal;
    this.#root = root;
    this.#workers = workers;
    for (const name of names) createDatabase(this.directory(name), { guid, name, createdMs: 0 });
    this.applier = this.#begin();
  }

  directory(name: string): string {
    return `${this.#root}/${name}`;
  }

  #begin(): Applier {
    const { clock } = realIo;
    const { start } = this.threads;
    const directory = this.#journal.files.directory;
    const applier = new Applier({ clock, directory, journal: mirrorJournal, role: 'backup', start, workers: this.#workers });
    applier.onFailure((failure) => this.failures.push(failure));
    return applier;
  }

  async add(name: string): Promise<void> {
    await this.applier.add({ name, directory: this.directory(name) });
    this.fed.add(name);
  }

  async remove(name: string): Promise<void> {
    await this.applier.remove(name);
    this.fed.delete(name);
  }

  async again(): Promise<void> {
    this.applier = this.#begin();
    for (const name of this.fed) await this.add(name);
  }

  /** What the file says: its nodes, and how far it has got. */
  file(name: string): { nodes: Record<string, string>; position: Position | null; openStart: Position | null } {
    const { sqlite, path } = openSqlite(this.directory(name));
    const rows = sqlite.prepare<[], { k: Buffer; v: Buffer }>('SELECT k, v FROM node ORDER BY k').all();
    const { position, openStart } = readMeta(sqlite, path);
    sqlite.close();
    return { nodes: Object.fromEntries(rows.map(({ k, v }) => [k.toString('latin1'), v.toString('latin1')])), position, openStart };
  }
}

/** The databases as maps, and the same recorded. */
class Model {
  readonly nodes = new Map(names.map((name) => [name, new Map<string, string>()]));
  readonly #writer: JournalWriter;
  readonly #numbers: Map<string, number>;
  /** Numbers of the open transactions, by what stands for them here. */
  readonly #open = new Map<number, number>();
  #newest = 0;

  constructor(writer: JournalWriter) {
    this.#writer = writer;
    this.#numbers = new Map(names.map((name) => [name, writer.bind({ name, guid })]));
  }

  change(name: string, key: string, value: string | null, who: number): void {
    const nodes = this.nodes.get(name) ?? new Map<string, string>();
    const old = nodes.get(key);
    if (value === null && old === undefined) return;
    const [number, transaction] = [this.#numbers.get(name) ?? 0, who === 0 ? 0 : this.#transaction(who)];
    if (value === null) {
      this.#writer.kill(number, key, old ?? '', transaction, 1);
      nodes.delete(key);
    } else {
      this.#writer.set(number, key, value, old, transaction, 1);
      nodes.set(key, value);
    }
  }

  #transaction(who: number): number {
    let transaction = this.#open.get(who);
    if (transaction === undefined) {
      transaction = ++this.#newest;
      this.#open.set(who, transaction);
      this.#writer.tstart(transaction, 1);
    }
    return transaction;
  }

  end(who: number): void {
    const transaction = this.#open.get(who);
    if (transaction !== undefined) this.#writer.tcommit(transaction, 1);
    this.#open.delete(who);
  }

  of(name: string): Record<string, string> {
    return Object.fromEntries([...(this.nodes.get(name) ?? [])].sort(([a], [b]) => (a < b ? -1 : 1)));
  }
}

const name = fc.constantFrom(...names);
const change = fc.record({
  does: fc.constant('change' as const),
  name,
  key: fc.constantFrom(...'abcdef\0\xff'),
  value: fc.option(fc.string({ maxLength: 20, unit: 'binary-ascii' })),
  who: fc.constantFrom(0, 0, 1, 2),
});
const step = fc.oneof(
  { weight: 14, arbitrary: change },
  { weight: 2, arbitrary: fc.record({ does: fc.constant('end' as const), who: fc.constantFrom(1, 2) }) },
  { weight: 1, arbitrary: fc.record({ does: fc.constant('apply' as const) }) },
  { weight: 1, arbitrary: fc.record({ does: fc.constant('drain' as const) }) },
  { weight: 1, arbitrary: fc.record({ does: fc.constant('inherit' as const) }) },
  { weight: 1, arbitrary: fc.record({ does: fc.constant('restart' as const) }) },
  { weight: 1, arbitrary: fc.record({ does: fc.constant('kill' as const) }) },
  { weight: 1, arbitrary: fc.record({ does: fc.constant('switch' as const) }) },
  { weight: 1, arbitrary: fc.record({ does: fc.constant('toggle' as const), name }) },
  { weight: 1, arbitrary: fc.record({ does: fc.constant('fail' as const), name }) },
  { weight: 1, arbitrary: fc.record({ does: fc.constant('workers' as const), workers: fc.integer({ min: 1, max: 4 }) }) },
);

test('several workers make of a journal what one does, whatever happens meanwhile', { timeout: 240_000 }, async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 50, size: 'max' }), fc.integer({ min: 2, max: 5 }), async (steps, workers) => {
      const inner = new Workplace();
      const journal = inner.journal('journal');
      const writer = await inner.writer(journal);
      const model = new Model(writer);
      const [one, many] = [new World(journal, inner.path('one'), 1), new World(journal, inner.path('many'), workers)];
      const both = async (act: (world: World) => Promise<unknown>): Promise<void> => {
        for (const world of [one, many]) await act(world);
      };
      const drained = async (): Promise<void> => {
        const end = await writer.settled();
        await both((world) => {
          world.applier.applyTo(end);
          return world.applier.drained(end);
        });
        for (const name of one.fed) {
          expect(one.file(name)).toEqual({ ...many.file(name), nodes: model.of(name), position: end });
        }
      };
      try {
        for (const name of names) {
          await both((world) => world.add(name));
          model.change(name, 'first', name, 0);
        }
        expect([one.applier.workers, many.applier.workers]).toEqual([1, workers]);
        for (const each of steps) {
          if (each.does === 'change') model.change(each.name, each.key, each.value, each.who);
          else if (each.does === 'end') model.end(each.who);
          else if (each.does === 'switch') await writer.switch('test');
          else if (each.does === 'workers') many.applier.setWorkers(each.workers);
          else if (each.does === 'drain') await drained();
          else if (each.does === 'apply') {
            const end = await writer.settled();
            await both(async (world) => world.applier.applyTo(end));
          } else if (each.does === 'inherit') {
            if (one.fed.size === 0) continue;
            const end = await writer.settled();
            const starts: unknown[] = [];
            await both(async (world) => {
              world.applier.applyTo(end);
              const { openStart, databases } = await world.applier.inherit(end);
              starts.push(openStart);
              for (const name of world.fed) {
                const held = new Map(Object.entries(world.file(name).nodes));
                const lacks = databases.find((database) => database.name === name);
                for (const [n, key] of lacks?.keys.entries() ?? []) {
                  const value = lacks?.values[n] ?? null;
                  if (value === null) held.delete(key);
                  else held.set(key, value);
                }
                expect(Object.fromEntries([...held].sort(([a], [b]) => (a < b ? -1 : 1)))).toEqual(model.of(name));
              }
            });
            expect(starts[0]).toEqual(starts[1]);
          } else if (each.does === 'restart') {
            await both(async (world) => {
              await world.applier.close();
              await world.again();
            });
          } else if (each.does === 'kill') {
            await both(async (world) => {
              world.threads.kill();
              await world.again();
            });
          } else if (each.does === 'toggle') {
            await both((world) => (world.fed.has(each.name) ? world.remove(each.name) : world.add(each.name)));
          } else if (one.fed.has(each.name)) {
            // One of them takes nothing any more: it alone is told of, and it goes on from where it stood once it can.
            await drained();
            model.change(each.name, 'failing', String(writer.end.offset), 0);
            const end = await writer.settled();
            await both(async (world) => {
              const before = world.file(each.name);
              world.threads.failing.add(world.directory(each.name));
              world.failures.length = 0;
              world.applier.applyTo(end);
              await expect(world.applier.drained(end)).rejects.toThrow('The disk does not take it.');
              expect(world.failures.map(({ database }) => database)).toEqual([each.name]);
              expect(world.file(each.name)).toEqual(before);
              expect(world.applier.broken).toBeNull();
              await world.remove(each.name);
              world.threads.failing.clear();
              await world.applier.drained(end);
              await world.add(each.name);
            });
          }
        }
        await drained();
      } finally {
        await both((world) => world.applier.close());
        await inner.remove();
      }
    }),
    { numRuns: 15 },
  );
});
