import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { basename } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { GemelError } from '../api/errors.ts';
import { realFiles } from '../io/files.ts';
import { realIo } from '../io/io.ts';
import type { Alternate } from './alternate-disk.ts';
import { chooseOther, directoriesNote, journalDirectories } from './directories.ts';
import type { Done } from './disk.ts';
import { Journal } from './journal.ts';
import { filesOf, isJournalFile } from './manage/catalog.ts';
import { verifyJournal } from './manage/verify.ts';
import { RawReader } from './raw.ts';
import { BlockReader } from './reader.ts';
import { JournalReceiver } from './receiver.ts';
import { scanRecords } from './scan.ts';
import { cutTail } from './tail.ts';
import { memberA, memberB, mirrorJournal, Workplace } from './test-support.ts';
import { ThreadDisk } from './thread-disk.ts';
import type { Position } from './types.ts';
import type { JournalWriter } from './writer.ts';

/** Journals whose own directory cannot be written any more. */

let place: Workplace;
let home: string;
let away: string;
let broken: Set<string>;
let told: string[];
beforeEach(() => {
  place = new Workplace();
  [home, away] = [place.path('journal'), place.path('alternate')];
  mkdirSync(home);
  broken = new Set();
  told = [];
});
afterEach(() => place.remove());

const database = { name: 'DB', guid: memberA };

/** The real one; it fails where a directory is broken, after having written a part of what it was to write. */
class BrittleDisk extends ThreadDisk {
  #path = '';

  constructor() {
    super({ preallocate: 0 });
  }

  get #isBroken(): boolean {
    return [...broken].some((directory) => this.#path.startsWith(directory));
  }

  override create(path: string, header: Uint8Array, done: Done): void {
    this.#path = path;
    if (this.#isBroken) this.#fail(done);
    else super.create(path, header, done);
  }

  override append(memory: SharedArrayBuffer, from: number, length: number, offset: number, done: Done): void {
    if (!this.#isBroken) return super.append(memory, from, length, offset, done);
    const file = realFiles.open(this.#path, 'update');
    file.write(Buffer.from(memory, from, length), 0, Math.floor(length / 2), offset);
    file.close();
    this.#fail(done);
  }

  override finish(length: number, done: Done): void {
    if (this.#isBroken) this.#fail(done);
    else super.finish(length, done);
  }

  override relocate(from: string, to: string, length: number, done: Done): void {
    this.#path = to;
    if (this.#isBroken) this.#fail(done);
    else super.relocate(from, to, length, done);
  }

  override isInline(): boolean {
    return false;
  }

  #fail(done: Done): void {
    queueMicrotask(() => done(new GemelError('IO', `${this.#path} is broken.`)));
  }
}

function alternate(): Alternate {
  const directory = chooseOther(realFiles, home, away, 'owner', isJournalFile);
  if (directory === null) throw new Error('there is one');
  return {
    directory,
    newDisk: () => new BrittleDisk(),
    hasRoom: (at) => !broken.has(at),
    went: (path) => told.push(`went ${basename(path)}`),
    back: (path) => told.push(`back ${basename(path)}`),
    failed: (path) => told.push(`failed ${basename(path)}`),
  };
}

function open(): Journal {
  return Journal.open({ io: realIo, directory: home, journal: mirrorJournal, member: memberA, alternate: alternate() });
}

async function begin(minor = 0): Promise<{ journal: Journal; writer: JournalWriter; put: (key: string) => Promise<Position> }> {
  const journal = open();
  const writer = await place.writer(journal, { disk: new BrittleDisk(), epoch: { major: 1, minor, member: memberA } });
  const number = writer.bind(database);
  const put = (key: string): Promise<Position> => {
    writer.set(number, key, 'value', undefined, 0, 1);
    return writer.settled();
  };
  return { journal, writer, put };
}

/** As somebody else finds them: by the journal's own directory. */
function keys(to: Position): string[] {
  const seen: string[] = [];
  const journal = Journal.open({ io: realIo, directory: home, journal: mirrorJournal, member: memberA });
  scanRecords(journal.files, { file: 1, offset: 4096 }, to, (record) => seen.push(record.key));
  return seen;
}

function isSound(): boolean {
  const found = filesOf(realFiles, home, 'TEST');
  return verifyJournal({ files: realFiles, found, isWhole: true, guid: mirrorJournal.guid }).sound;
}

describe('a writer', () => {
  test('goes on in the alternate directory with the block that was not written, and back with the next file', async () => {
    const { journal, writer, put } = await begin();
    const sent: Buffer[] = [];
    writer.onSealed((block) => sent.push(Buffer.from(block.bytes)));
    const reader = new BlockReader(journal.files, { file: 1, offset: 4096 });
    // One in a thread of its own looks its places up by itself.
    const apart = new BlockReader(Journal.open({ io: realIo, directory: home, journal: mirrorJournal, member: memberA }).files, {
      file: 1,
      offset: 4096,
    });
    const raw = new RawReader(journal.files, { file: 1, offset: 4096 });
    const first = await put('a');
    for (const each of [reader, apart]) expect(each.next(first)?.end).toEqual(first);
    expect(raw.next(first, 1000)?.bytes.equals(sent[0] ?? Buffer.alloc(0))).toBe(true);
    broken.add(home);
    const second = await put('b');
    expect(second.file).toBe(1);
    for (const each of [reader, apart]) expect(each.next(second)?.end).toEqual(second);
    // What was sent to another member stands here too, byte for byte.
    expect(raw.next(second, 1000)?.bytes.equals(sent[1] ?? Buffer.alloc(0))).toBe(true);
    const third = await put('c');
    await writer.switch('by hand');
    const fourth = await put('d');
    expect(journal.files.all.map((header) => journal.files.path(header).startsWith(away))).toEqual([true, true]);
    expect([keys(fourth), isSound()]).toEqual([['a', 'b', 'c', 'd'], true]);
    broken.clear();
    await writer.switch('by hand');
    const last = await put('e');
    expect(journal.files.all.map((header) => journal.files.path(header).startsWith(home))).toEqual([false, false, true]);
    // What was left of the first file is gone.
    expect(readdirSync(home).filter(isJournalFile)).toHaveLength(1);
    expect([keys(last), isSound()]).toEqual([['a', 'b', 'c', 'd', 'e'], true]);
    for (const each of [reader, apart]) {
      for (const end of [third, fourth, last]) expect(each.next(last)?.end).toEqual(end);
      each.close();
    }
    raw.close();
    expect(told.map((each) => each.split(' ')[0])).toEqual(['went', 'back']);
    await writer.close();
    const again = await begin(1);
    expect(keys(await again.put('f'))).toEqual(['a', 'b', 'c', 'd', 'e', 'f']);
  });

  test('that cannot write in either directory stops as without one; what it acknowledged is there', async () => {
    const { writer, put } = await begin();
    const first = await put('a');
    broken.add(home).add(away);
    await expect(put('b')).rejects.toThrow(/journal.*broken/);
    expect(told.map((each) => each.split(' ')[0])).toEqual(['failed']);
    await writer.abandon();
    broken.clear();
    expect(keys(first)).toEqual(['a']);
    const again = await begin(1);
    expect(keys(await again.put('c'))).toEqual(['a', 'c']);
  });

  test('leaves what is not sound of its file where it is, and stops', async () => {
    const { journal, writer, put } = await begin();
    await put('a');
    const path = journal.files.path(journal.files.all[0] ?? journal.nextHeader(0, writer.epoch).header);
    const bytes = readFileSync(path);
    bytes[4096 + 100] = (bytes[4096 + 100] ?? 0) ^ 1;
    writeFileSync(path, bytes);
    broken.add(home);
    await expect(put('b')).rejects.toThrow(/broken/);
    expect(readdirSync(away).filter(isJournalFile)).toEqual([]);
  });

  test('begins in the alternate directory where not even a file can be made in its own', async () => {
    broken.add(home);
    const { put } = await begin();
    expect(keys(await put('a'))).toEqual(['a']);
    expect(readdirSync(home).filter(isJournalFile)).toEqual([]);
  });
});

test('a receiver begins files in the alternate directory, and a cut finds them there', async () => {
  const { journal, writer, put } = await begin();
  await put('a');
  await writer.switch('by hand');
  const end = await put('b');
  const copies = place.path('copy');
  const other = place.path('other');
  const directory = chooseOther(realFiles, copies, other, 'owner', isJournalFile);
  if (directory === null) throw new Error('there is one');
  const options = { ...alternate(), directory };
  const copy = Journal.open({ io: realIo, directory: copies, journal: mirrorJournal, member: memberB, alternate: options });
  const receiver = new JournalReceiver({ io: realIo, journal: copy, disk: new ThreadDisk({ preallocate: 0 }) });
  place.atEnd(() => receiver.abandon());
  const raw = new RawReader(journal.files, { file: 1, offset: 0 });
  for (let piece = raw.next(end, 1000); piece !== null; piece = raw.next(end, 1000)) {
    receiver.append(piece.bytes);
    // No file can be made where a directory has its name.
    if (piece.end.file === 1 && piece.end.offset > 4096)
      mkdirSync(`${copies}/${journal.files.get(2)?.fileName ?? ''}.new`, { recursive: true });
  }
  raw.close();
  expect(copy.files.all.map((header) => copy.files.path(header).startsWith(other))).toEqual([false, true]);
  await receiver.close();
  const fork = { file: 1, offset: 4096 };
  const sides = cutTail({ files: realFiles, directory: copies, journal: mirrorJournal, fork, databases: [], name: 'x' });
  expect(sides.map((each) => each.startsWith(other))).toEqual([true, false]);
  expect(sides.every((each) => existsSync(each))).toBe(true);
  expect(Journal.open({ io: realIo, directory: copies, journal: mirrorJournal, member: memberB }).end.position).toEqual(fork);
});

describe('the directories of a journal', () => {
  test('that has files elsewhere are not read without it, whatever the setting says by then', async () => {
    const { writer, put } = await begin();
    await put('a');
    broken.add(home);
    const end = await put('b');
    await writer.close();
    broken.clear();
    renameSync(away, `${away}.unmounted`);
    mkdirSync(away);
    expect(() => keys(end)).toThrow(/were written to .*alternate, which is not there/);
    expect(() => chooseOther(realFiles, home, null, 'owner', isJournalFile)).toThrow(/not there/);
    rmSync(away, { recursive: true });
    renameSync(`${away}.unmounted`, away);
    expect(chooseOther(realFiles, home, null, 'owner', isJournalFile)).toBeNull();
    expect(keys(end)).toEqual(['a', 'b']);
  });

  test('are those that are configured or have files', () => {
    const other = place.path('another');
    alternate();
    expect(journalDirectories(realFiles, home)).toEqual([home, away]);
    // Never used: it may be away.
    rmSync(away, { recursive: true });
    expect(journalDirectories(realFiles, home)).toEqual([home, away]);
    chooseOther(realFiles, home, other, 'owner', isJournalFile);
    expect(journalDirectories(realFiles, home)).toEqual([home, other]);
    expect(() => chooseOther(realFiles, place.path('second'), other, 'stranger', isJournalFile)).toThrow(/another instance/);
    expect(() => chooseOther(realFiles, home, home, 'owner', isJournalFile)).toThrow(/journal directory itself/);
    expect(() => chooseOther(realFiles, home, 'alternate', 'owner', isJournalFile)).toThrow(/not absolute/);
    writeFileSync(directoriesNote(home), 'nonsense');
    expect(() => journalDirectories(realFiles, home)).toThrow(/damaged/);
  });
});
