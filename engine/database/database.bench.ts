import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { Worker } from 'node:worker_threads';
import Sqlite from 'better-sqlite3';
import { parseReference, type Key } from '../globals/index.ts';
import { Database } from './database.ts';
import { createDatabase, databasePath } from './file.ts';
import { DatabaseReader } from './reader.ts';
import { DatabaseWriter } from './writer.ts';

/*
 * Which way of updating keeps the executor's thread free: SQLite's transaction on that thread, or the overlay with
 * commits on another one. One JSON line a figure. Run: node engine/database/database.bench.ts [--keys N] [--rate N] [--seconds N] [--part micro|direct|overlay]
 */
const { values: options } = parseArgs({
  options: {
    keys: { type: 'string', default: '500000' },
    rate: { type: 'string', default: '80000' },
    seconds: { type: 'string', default: '10' },
    part: { type: 'string', default: 'all' },
  },
});
const KEYS = Number(options.keys);
const RATE = Number(options.rate);
const SECONDS = Number(options.seconds);
const PAGE_BYTES = [4096, 8192, 16_384];
/** Updates done before the event loop gets a turn. */
const TURN_MAX = 256;

function print(name: string, value: number, unit: string, context: Record<string, unknown> = {}): void {
  console.log(JSON.stringify({ name, value: Math.round(value * 100) / 100, unit, context }));
}

/** About 20 bytes, parsed as the executor has to. */
function keyOf(n: number): Key {
  return parseReference(`^KV("key:${String(n).padStart(10, '0')}")`).key;
}

const randomKey = (): Key => keyOf(Math.floor(Math.random() * KEYS));
const someValue = (): string => `${Math.random()}`.padEnd(32, 'x').slice(0, 32);

/** A database with all keys, in `directory`. */
function fill(directory: string, pageBytes: number): void {
  createDatabase(directory, { guid: 'bench', name: 'BENCH', createdMs: 0 }, pageBytes);
  const writer = DatabaseWriter.open(directory);
  writer.begin();
  for (let n = 0; n < KEYS; n++) writer.upsert(keyOf(n), someValue());
  writer.commit({ position: { file: 1, offset: 0 }, openStart: null });
  writer.close();
}

interface Load {
  /** One update. */
  update(): void;
  /** Between turns. */
  turn(): void;
}

/** Offers RATE updates a second for SECONDS; prints what was reached, the longest turn and the thread's work. */
async function offer(name: string, load: Load, context: Record<string, unknown>): Promise<void> {
  const turns: number[] = [];
  let longestWork = 0;
  const start = performance.now();
  const cpu = process.cpuUsage();
  const threadCpu = process.threadCpuUsage();
  let busyMs = 0;
  let done = 0;
  for (let now = start; now - start < SECONDS * 1000; now = performance.now()) {
    const worked = process.threadCpuUsage();
    const due = Math.floor(((now - start) * RATE) / 1000);
    const until = Math.min(due, done + TURN_MAX);
    for (; done < until; done++) load.update();
    load.turn();
    const work = process.threadCpuUsage(worked);
    longestWork = Math.max(longestWork, work.user + work.system);
    const took = performance.now() - now;
    turns.push(took);
    if (until > 0) busyMs += took;
    await new Promise(setImmediate);
  }
  const used = process.cpuUsage(cpu);
  const thread = process.threadCpuUsage(threadCpu);
  turns.sort((a, b) => a - b);
  print(`${name}: updates`, done / SECONDS, '1/s', { ...context, offered: RATE });
  print(`${name}: longest turn`, turns.at(-1) ?? 0, 'ms', context);
  print(`${name}: turn p99.9`, turns[Math.floor(turns.length * 0.999)] ?? 0, 'ms', context);
  print(`${name}: executor busy`, (busyMs / (SECONDS * 1000)) * 100, '%', context);
  // Times of the processor, not of the clock: what other programs on the machine do is not in them.
  print(`${name}: longest turn's work`, longestWork / 1000, 'ms', context);
  print(`${name}: work on the executor's thread`, (thread.user + thread.system) / done, 'us per update', context);
  print(`${name}: processor time`, (used.user + used.system) / done, 's per million updates', context);
  print(`${name}: memory`, process.memoryUsage.rss() / 1e6, 'MB', context);
}

/** (a) SQLite's own transaction on the executor's thread, committed every `every` updates. */
async function direct(directory: string, every: number): Promise<void> {
  const sqlite = new Sqlite(databasePath(directory));
  for (const pragma of ['synchronous = NORMAL', 'wal_autocheckpoint = 0', 'cache_size = -65536']) sqlite.pragma(pragma);
  const get = sqlite.prepare('SELECT v FROM node WHERE k = ?').pluck();
  const upsert = sqlite.prepare('INSERT INTO node (k, v) VALUES (?, ?) ON CONFLICT (k) DO UPDATE SET v = excluded.v');
  let open = 0;
  sqlite.exec('BEGIN');
  await offer(
    'direct',
    {
      update: () => {
        const key = Buffer.from(randomKey(), 'latin1');
        get.get(key);
        upsert.run(key, Buffer.from(someValue(), 'latin1'));
        open++;
      },
      turn: () => {
        if (open < every) return;
        sqlite.exec('COMMIT');
        sqlite.pragma('wal_checkpoint(PASSIVE)');
        sqlite.exec('BEGIN');
        open = 0;
      },
    },
    { commitEvery: every },
  );
  sqlite.exec('COMMIT');
  sqlite.close();
}

/** (b) The overlay; a thread commits each generation once the one before it is in the file. */
async function overlay(directory: string, intervalMs: number, memoryBytes: number): Promise<void> {
  const database = Database.open(directory, memoryBytes);
  const thread = new Worker(new URL('./bench-thread.ts', import.meta.url), { workerData: { directory } });
  let changes: [string, string][] = [];
  let ticket = 0;
  let frozen: number | undefined;
  let lastFreeze = performance.now();
  let walBytes = 0;
  let copiedBytes = 0;
  thread.on('message', (figures: { walBytes: number; copiedBytes: number }) => {
    walBytes += figures.walBytes;
    copiedBytes += figures.copiedBytes;
    if (frozen !== undefined) database.drop(frozen);
    frozen = undefined;
  });
  await offer(
    'overlay',
    {
      update: () => {
        const key = randomKey();
        const value = someValue();
        database.hold();
        database.get(key);
        database.set(key, value, ++ticket);
        changes.push([key, value]);
      },
      turn: () => {
        database.release();
        // Stands in for the journal that the thread reads; sending them costs this thread, which the real way does not.
        if (changes.length > 0) thread.postMessage(changes);
        changes = [];
        if (frozen !== undefined || performance.now() - lastFreeze < intervalMs) return;
        lastFreeze = performance.now();
        frozen = database.freeze();
        thread.postMessage('commit');
      },
    },
    { intervalMs, memoryMB: memoryBytes / 1e6 },
  );
  print('overlay: written', (walBytes + copiedBytes) / ticket, 'bytes per update', { intervalMs });
  print('overlay: largest', database.overlayBytes / 1e6, 'MB at the end', { entries: database.overlayEntries });
  database.close();
  await thread.terminate();
}

function micro(directory: string, pageBytes: number): void {
  const time = (name: string, count: number, act: () => void): void => {
    const start = performance.now();
    for (let i = 0; i < count; i++) act();
    print(name, ((performance.now() - start) / count) * 1000, 'us', { pageBytes });
  };
  const reader = DatabaseReader.open(directory);
  time('reader get', 100_000, () => reader.get(randomKey()));
  reader.hold();
  time('reader get, held', 100_000, () => reader.get(randomKey()));
  reader.release();
  time('reader next', 100_000, () => reader.next(randomKey(), '\xff', false));
  reader.close();
  const writer = DatabaseWriter.open(directory);
  for (const count of [10_000, 100_000]) {
    const keys = Array.from({ length: count }, randomKey).sort();
    const start = performance.now();
    writer.begin();
    for (const key of keys) writer.upsert(key, someValue());
    const { walBytes } = writer.commit({ position: { file: 1, offset: count }, openStart: null });
    const committed = performance.now();
    writer.checkpointWal();
    print(`batch of ${count}: commit`, committed - start, 'ms', { pageBytes });
    print(`batch of ${count}: checkpoint`, performance.now() - committed, 'ms', { pageBytes });
    print(`batch of ${count}: log`, walBytes / count, 'bytes per update', { pageBytes });
  }
  writer.close();
  const database = Database.open(directory);
  let ticket = 0;
  time('overlay set, random new key', 200_000, () => database.set(randomKey(), 'x', ++ticket));
  time('overlay set, same keys again', 200_000, () => database.set(randomKey(), 'x', ++ticket));
  time('overlay get', 200_000, () => database.get(randomKey()));
  time('merged next', 100_000, () => database.next(randomKey(), '\xff', false));
  time('key and value alone', 200_000, () => randomKey() + someValue());
  database.close();
}

const root = mkdtempSync(join(tmpdir(), 'gemel-bench-'));
try {
  const wanted = (part: string): boolean => options.part === 'all' || options.part === part;
  for (const pageBytes of wanted('micro') ? PAGE_BYTES : []) {
    const directory = join(root, String(pageBytes));
    fill(directory, pageBytes);
    micro(directory, pageBytes);
  }
  const directory = join(root, 'load');
  fill(directory, 4096);
  if (wanted('direct')) {
    await direct(directory, 1000);
    await direct(directory, 20_000);
  }
  if (wanted('overlay')) {
    await overlay(directory, 1000, 0);
    await overlay(directory, 1000, 64e6);
    await overlay(directory, 1000, 128e6);
  }
} finally {
  rmSync(root, { recursive: true, force: true });
}
