import { copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { GemelError } from '../api/errors.ts';
import { createDatabase } from '../database/index.ts';
import { encodeKey } from '../globals/index.ts';
import { realClock } from '../io/clock.ts';
import { realFiles } from '../io/files.ts';
import { realIo } from '../io/io.ts';
import { Applier } from './applier.ts';
import { startApplierThread } from './applier-start.ts';
import { JournalFiles } from './files.ts';
import { Journal } from './journal.ts';
import { filesOf } from './manage/catalog.ts';
import { RecordSearch } from './manage/records.ts';
import { JournalReplay } from './manage/replay.ts';
import { verifyJournal } from './manage/verify.ts';
import { walkFile } from './manage/walk.ts';
import { RawReader } from './raw.ts';
import { JournalReceiver } from './receiver.ts';
import { recoverTransactions } from './recovery.ts';
import { memberA, memberB, mirrorJournal, Workplace } from './test-support.ts';
import { ThreadDisk } from './thread-disk.ts';
import type { Position } from './types.ts';

/** Each kind of damage to a journal file, for everybody who reads it: refused, with the file, the place and the reason. */

const database = { name: 'DB', guid: '00000000-0000-4000-8000-0000000000db' };
const stranger = '00000000-0000-4000-8000-0000000000ee';

let place: Workplace;
/** A journal of three files, and its end. */
let sound: string;
let end: Position;
/** Files 2 of another mirror of the same name, and of this one after a fork before. */
let foreign: string;
let parted: string;

async function make(name: string, values: string, guid = mirrorJournal.guid): Promise<Journal> {
  const directory = place.path(name);
  const journal = Journal.open({ io: realIo, directory, journal: { ...mirrorJournal, guid }, member: memberA });
  const writer = await place.writer(journal);
  const number = writer.bind(database);
  for (let file = 0; file < 3; file++) {
    if (file > 0) await writer.switch('test');
    for (let n = 0; n < 4; n++) {
      writer.set(number, encodeKey('x', [String(file), String(n)]), values, undefined, 0, 1);
      await writer.settled();
    }
  }
  await writer.close();
  return journal;
}

const second = (journal: Journal): string =>
  journal.files.path(journal.files.all[1] ?? journal.nextHeader(0, { major: 1, minor: 0, member: memberA }).header);

beforeAll(async () => {
  place = new Workplace();
  const journal = await make('sound', 'value');
  sound = journal.files.directory;
  end = journal.end.position;
  foreign = second(await make('foreign', 'value', stranger));
  parted = second(await make('parted', 'other'));
});
afterAll(() => place.remove());

type Damage = 'flipped' | 'truncated' | 'missing' | 'foreign' | 'of another lineage';

let count = 0;

/** A copy of the journal whose second file is damaged. @returns its directory, and the paths that it should have */
function damaged(damage: Damage): { directory: string; paths: string[]; name: string } {
  const directory = place.path(`damaged ${(count += 1)}`);
  mkdirSync(directory);
  const names = readdirSync(sound).filter((name) => name.startsWith('MIRROR-') && !name.endsWith('.hint'));
  for (const name of names) copyFileSync(join(sound, name), join(directory, name));
  const paths = names.map((name) => join(directory, name));
  const path = paths[1] ?? '';
  const bytes = readFileSync(path);
  if (damage === 'flipped') {
    bytes[4096 + 100] = (bytes[4096 + 100] ?? 0) ^ 1;
    writeFileSync(path, bytes);
  } else if (damage === 'truncated') truncateSync(path, bytes.length - 10);
  else if (damage === 'missing') rmSync(path);
  else copyFileSync(damage === 'foreign' ? foreign : parted, path);
  return { directory, paths, name: basename(path) };
}

/** What somebody is refused with who reads all of it. */
async function refusal(act: () => unknown): Promise<string> {
  try {
    await act();
  } catch (error) {
    if (error instanceof GemelError) return error.message;
    throw error;
  }
  throw new Error('it was read');
}

const from: Position = { file: 1, offset: 4096 };
const open = (directory: string): JournalFiles => new JournalFiles(realFiles, directory, mirrorJournal);

/** Who reads a journal, in the way that he does. */
const readers: Record<string, (of: { directory: string; paths: string[] }) => unknown> = {
  'recovery when an instance starts': ({ directory }) => {
    const journal = Journal.open({ io: realIo, directory, journal: mirrorJournal, member: memberA });
    return recoverTransactions(journal.files, from, journal.end.position);
  },
  'dejournaling, and catching up': async ({ directory }) => {
    const target = join(directory, 'db');
    if (!existsSync(target)) createDatabase(target, { ...database, createdMs: 0, mirror: null, journalId: mirrorJournal.guid });
    const options = { clock: realClock, directory, journal: mirrorJournal, role: 'backup', start: startApplierThread } as const;
    const applier = new Applier(options);
    const failed = Promise.withResolvers<never>();
    applier.onFailure(({ error }) => failed.reject(error));
    failed.promise.catch(() => undefined);
    try {
      await applier.add({ name: database.name, directory: target });
      applier.applyTo(end);
      await Promise.race([applier.drained(end), failed.promise]);
    } finally {
      await applier.close();
    }
  },
  'sending it to a member that receives it': async ({ directory }) => {
    const raw = new RawReader(open(directory), { file: 1, offset: 0 });
    const copy = place.journal(`copy ${(count += 1)}`, memberB);
    const receiver = new JournalReceiver({ io: realIo, journal: copy, disk: new ThreadDisk({ preallocate: 0 }) });
    try {
      for (let piece = raw.next(end, 1000); piece !== null; piece = raw.next(end, 1000)) receiver.append(piece.bytes);
    } finally {
      raw.close();
      await receiver.abandon();
    }
  },
  'a restore of journal files': ({ paths }) => {
    const replay = new JournalReplay({
      files: realFiles,
      paths: paths.filter((path) => existsSync(path)),
      source: 'DB',
      end: { by: 'all' },
    });
    for (const step of replay.survey()) if (step < 0) throw new Error('never');
  },
  'a verification': ({ directory }) => {
    const found = filesOf(realFiles, directory, 'TEST');
    const [finding] = verifyJournal({ files: realFiles, found, isWhole: true, guid: mirrorJournal.guid }).findings;
    if (finding !== undefined) throw new GemelError('DAMAGED', `${finding.file} ${finding.offset ?? 'whole'}: ${finding.reason}`);
  },
};

/** By reader: that of whoever reads whole journals, the receiver's, the restore's, the verification's. */
const reasons: Record<Damage, readonly [read: RegExp, sent: RegExp, restored: RegExp, verified: RegExp]> = {
  flipped: [
    /damaged at .*2.*4096.* \(NAME\): a block that does not match its checksum/,
    /does not continue .*2.*4096.*: a block does not match its checksum/,
    /NAME is damaged at offset 4096: a block that does not match its checksum/,
    /NAME 4096: a block that does not match its checksum/,
  ],
  truncated: [
    /damaged at .*2.*\(NAME\): .*(cut off|shorter)/,
    /no sound block at .*2/,
    /NAME is damaged at offset \d+: .*cut off/,
    /NAME \d+: a block that is cut off/,
  ],
  missing: [
    /file 2 is (missing|not in)|damaged at .*1.*: file 2 is missing/,
    /file 2 is not in/,
    /Between .*\(file 1\) and .*\(file 3\) there are files missing/,
    /whole: before it, journal file 2 is missing/,
  ],
  foreign: [
    /NAME belongs to another journal \(GUID 0+-.*ee\)/,
    /NAME belongs to another journal/,
    /NAME is of another journal than/,
    /NAME 0: it belongs to another journal/,
  ],
  'of another lineage': [
    /damaged at .*1.*: the next file does not continue this one/,
    /does not continue the one here/,
    /NAME is damaged at offset 0: it does not continue/,
    /NAME 0: it (does not continue|is of another lineage)/,
  ],
};

describe.each(Object.keys(reasons) as Damage[])('a journal file that is %s', (damage) => {
  it.each(Object.keys(readers))('is refused by %s, with file, place and reason; nothing of it is changed', async (reader) => {
    const [read, sent, restored, verified] = reasons[damage];
    const expected = reader.startsWith('sending')
      ? sent
      : reader.startsWith('a restore')
        ? restored
        : reader === 'a verification'
          ? verified
          : read;
    const { directory, paths, name } = damaged(damage);
    const before = paths.map((path) => (existsSync(path) ? readFileSync(path) : null));
    const said = await refusal(() => readers[reader]?.({ directory, paths }));
    expect(said.replaceAll(name, 'NAME').replaceAll(dirname(paths[0] ?? ''), '')).toMatch(expected);
    expect(paths.map((path) => (existsSync(path) ? readFileSync(path) : null))).toEqual(before);
  });

  it('is refused by whoever shows or searches it, and the others are read', () => {
    const { directory, name } = damaged(damage);
    const read = new Map<string, string>();
    for (const { name: of, path, header, problem, closed } of filesOf(realFiles, directory, 'TEST')) {
      if (header === null) throw problem;
      const records = new RecordSearch(of, {});
      let found = 0;
      try {
        walkFile(realFiles, path, header, { closed }, (block) => {
          found += 1;
          return records.look(block, path, () => true);
        });
        read.set(of, String(found));
      } catch (error) {
        if (!(error instanceof GemelError)) throw error;
        read.set(of, error.message);
      }
    }
    const said = read.get(name);
    if (damage === 'flipped') expect(said).toMatch(/is damaged at offset 4096: a block that does not match its checksum/);
    else if (damage === 'truncated') expect(said).toMatch(/is damaged at offset \d+: a block that is cut off/);
    else if (damage === 'missing') expect(said).toBeUndefined();
    // By itself it is as it was written: what it does not belong to is found by a verification.
    else expect(said).toBe('4');
    for (const [other, text] of read) if (other !== name) expect(text).toBe('4');
  });
});
