import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { GemelError } from '../api/errors.ts';
import type { Done } from './disk.ts';
import { ThreadDisk } from './thread-disk.ts';

let directory = '';
beforeEach(() => void (directory = mkdtempSync(join(tmpdir(), 'gemel-disk-'))));
afterEach(() => rmSync(directory, { recursive: true, force: true }));

function ended(act: (done: Done) => void): Promise<GemelError | null> {
  return new Promise((resolve) => act(resolve));
}

/** A clock on which every sync takes as long as is said. */
function stopwatch(): { ms: number; clock: { monotonicMs(): number; wallMs(): number; timer(): { cancel(): void } } } {
  let now = 0;
  const watch = { ms: 0.1, clock: { monotonicMs: () => (now += watch.ms), wallMs: () => 0, timer: () => ({ cancel: () => undefined }) } };
  return watch;
}

/** Appends blocks of `length` bytes until `count` were done on this thread. @returns the end and how many were not */
async function fill(disk: ThreadDisk, from: number, length: number, count: number): Promise<{ end: number; byThread: number }> {
  let [end, inline, byThread] = [from, 0, 0];
  const memory = new SharedArrayBuffer(length);
  while (inline < count) {
    Buffer.from(memory).fill(1 + ((end / length) & 0x7f));
    const isInline = disk.isInline(length, end);
    let isDone = false;
    const answer = ended((done) =>
      disk.append(memory, 0, length, end, (error) => {
        isDone = true;
        done(error);
      }),
    );
    expect(isDone).toBe(isInline);
    expect(await answer).toBeNull();
    if (isInline) inline++;
    else byThread++;
    end += length;
  }
  return { end, byThread };
}

test("a quick disk is written on the caller's thread, within the zeros that the thread writes ahead, and loses nothing", async () => {
  const disk = new ThreadDisk({ preallocate: 1024 * 1024, clock: stopwatch().clock });
  const path = join(directory, 'journal');
  expect(await ended((done) => disk.create(path, Buffer.alloc(4096, 7), done))).toBeNull();
  const { end, byThread } = await fill(disk, 4096, 4096, 1500);
  expect(byThread).toBeGreaterThan(0);
  expect(await ended((done) => disk.finish(end, done))).toBeNull();
  await ended((done) => disk.close(done));
  const bytes = readFileSync(path);
  expect(bytes.length).toBe(end);
  for (let at = 4096; at < end; at += 4096) expect(bytes.readUInt8(at + 17)).toBe(1 + ((at / 4096) & 0x7f));
});

test('a slow disk is written by the thread', async () => {
  const watch = stopwatch();
  const disk = new ThreadDisk({ preallocate: 1024 * 1024, clock: watch.clock });
  expect(await ended((done) => disk.create(join(directory, 'journal'), Buffer.alloc(4096), done))).toBeNull();
  const { end } = await fill(disk, 4096, 512, 20);
  watch.ms = 40;
  const memory = new SharedArrayBuffer(512);
  expect(await ended((done) => disk.append(memory, 0, 512, end, done))).toBeNull();
  expect(disk.isInline(512, end + 512)).toBe(false);
  await ended((done) => disk.close(done));
});

test('a file is made of the one that was prepared: it has its zeros at once, and what was there is gone', async () => {
  const disk = new ThreadDisk({ preallocate: 1024 * 1024, clock: stopwatch().clock });
  const [spare, path] = [join(directory, 'spare'), join(directory, 'journal')];
  writeFileSync(spare, Buffer.alloc(3 * 1024 * 1024, 5));
  disk.prepare(spare);
  await vi.waitUntil(() => existsSync(spare) && statSync(spare).size === 1024 * 1024 + 256 * 1024, 30_000);
  expect(await ended((done) => disk.create(path, Buffer.alloc(4096, 7), done))).toBeNull();
  expect(readdirSync(directory)).toEqual(['journal']);
  const { end } = await fill(disk, 4096, 4096, 200);
  expect(await ended((done) => disk.finish(end, done))).toBeNull();
  await ended((done) => disk.close(done));
  const bytes = readFileSync(path);
  expect(bytes.subarray(0, 4096).equals(Buffer.alloc(4096, 7))).toBe(true);
  for (let at = 4096; at < end; at += 4096)
    expect(bytes.subarray(at, at + 4096).every((byte) => byte === 1 + ((at / 4096) & 0x7f))).toBe(true);
});

test('a file that was prepared and not used is removed; one for another directory is not taken', async () => {
  const disk = new ThreadDisk({ preallocate: 256 * 1024, clock: stopwatch().clock });
  const spare = join(directory, 'spare');
  disk.prepare(spare);
  await vi.waitUntil(() => existsSync(spare), 30_000);
  const elsewhere = mkdtempSync(join(directory, 'other-'));
  expect(await ended((done) => disk.create(join(elsewhere, 'journal'), Buffer.alloc(4096), done))).toBeNull();
  expect(existsSync(spare)).toBe(false);
  disk.prepare(spare);
  await vi.waitUntil(() => existsSync(spare), 30_000);
  await ended((done) => disk.close(done));
  expect(existsSync(spare)).toBe(false);
});

test('what cannot be prepared does no harm', async () => {
  const disk = new ThreadDisk({ preallocate: 256 * 1024, clock: stopwatch().clock });
  disk.prepare(join(directory, 'nowhere', 'spare'));
  const path = join(directory, 'journal');
  expect(await ended((done) => disk.create(path, Buffer.alloc(4096, 7), done))).toBeNull();
  const { end } = await fill(disk, 4096, 4096, 20);
  expect(await ended((done) => disk.finish(end, done))).toBeNull();
  expect(readFileSync(path).length).toBe(end);
  await ended((done) => disk.close(done));
});
