import { copyFileSync, readFileSync, truncateSync, writeFileSync, rmSync } from 'node:fs';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { JournalFinding, RecordView } from '../../api/journals.ts';
import { encodeKey } from '../../globals/index.ts';
import { realFiles } from '../../io/files.ts';
import type { Journal } from '../journal.ts';
import { scanRecords } from '../scan.ts';
import { memberA, memberB, mirrorJournal, Workplace } from '../test-support.ts';
import { recordTypes } from '../types.ts';
import { filesOf, journalsIn, viewOfFile } from './catalog.ts';
import { RecordSearch, type RecordFilter } from './records.ts';
import { verifyJournal } from './verify.ts';
import { walkFile } from './walk.ts';

let place: Workplace;
beforeEach(() => {
  place = new Workplace();
});
afterEach(() => place.remove());

/** Three closed files and one in use, with sets, kills, transactions and a rollback over two databases. */
async function filled(name = 'j', member = memberA, count = 90): Promise<Journal> {
  const journal = place.journal(name, member);
  const writer = await place.writer(journal, { epoch: { major: 1, minor: 0, member } });
  const databases = [writer.bind({ name: 'ONE', guid: memberA }), writer.bind({ name: 'TWO', guid: memberB })] as const;
  for (let n = 0; n < count; n++) {
    const [session, transaction] = [1 + (n % 3), n % 5 === 0 ? n + 1 : 0];
    if (transaction !== 0) writer.tstart(transaction, session);
    const key = encodeKey(n % 2 === 0 ? 'a' : 'b', [String(n % 7), String(n)]);
    if (n % 11 === 10) writer.kill(databases[n % 2 === 0 ? 0 : 1], key, `old ${n}`, transaction, session);
    else writer.set(databases[n % 2 === 0 ? 0 : 1], key, `value ${n}`, n % 4 === 0 ? 'before' : undefined, transaction, session);
    if (transaction !== 0) (n % 10 === 0 ? writer.tcommit.bind(writer) : writer.rollbackEnd.bind(writer))(transaction, session);
    if (n % 8 === 0) await writer.settled();
    if (n % 30 === 29 && n < count - 1) await writer.switch('test');
  }
  await writer.close();
  return journal;
}

function search(journal: Journal, filter: RecordFilter): RecordView[] {
  const found: RecordView[] = [];
  for (const { path, name, header, closed } of filesOf(realFiles, journal.files.directory, 'TEST')) {
    if (header === null) throw new Error(`${name} has no header`);
    const records = new RecordSearch(name, filter);
    walkFile(realFiles, path, header, { closed }, (block) => records.look(block, path, (view) => found.push(view) > 0));
  }
  return found;
}

/** The same by the journal's own way of reading it, looking at each record whole. */
function naive(journal: Journal, filter: RecordFilter): string[] {
  const found: string[] = [];
  const first = journal.files.first?.number ?? 1;
  scanRecords(journal.files, { file: first, offset: 4096 }, journal.end.position, (record, database, { timeMs }) => {
    const hasNode = record.type <= recordTypes.killMark;
    const fits =
      (filter.global === undefined || (hasNode && record.key.startsWith(filter.global))) &&
      (filter.database === undefined || database?.name === filter.database) &&
      (filter.session === undefined || record.session === filter.session) &&
      (filter.transaction === undefined || record.transaction === filter.transaction) &&
      (filter.fromMs === undefined || timeMs >= filter.fromMs) &&
      (filter.toMs === undefined || timeMs <= filter.toMs);
    const text = (bytes: string | undefined): string | null => (bytes === undefined ? null : Buffer.from(bytes, 'latin1').toString('utf8'));
    if (fits) found.push(JSON.stringify([record.session, record.transaction, hasNode ? database?.name : null, text(record.old)]));
  });
  return found;
}

function brief({ process, transaction, database, old }: RecordView): string {
  return JSON.stringify([process, transaction ?? 0, database?.name ?? null, old]);
}

describe('a search', () => {
  it('finds what a look at each record finds, in the same order', async () => {
    const journal = await filled();
    const times = search(journal, {}).map(({ time }) => Date.parse(time));
    const filters = fc.record(
      {
        global: fc.constantFrom(encodeKey('a', []), encodeKey('b', ['3']), encodeKey('a', ['4', '4']), encodeKey('c', [])),
        database: fc.constantFrom('ONE', 'TWO'),
        session: fc.integer({ min: 0, max: 4 }),
        transaction: fc.integer({ min: 0, max: 92 }),
        fromMs: fc.constantFrom(...times),
        toMs: fc.constantFrom(...times),
      },
      { requiredKeys: [] },
    );
    expect(search(journal, {}).length).toBeGreaterThan(90);
    fc.assert(
      fc.property(filters, (filter) => {
        expect(search(journal, filter).map(brief)).toEqual(naive(journal, filter));
      }),
    );
  });

  it('shows a record as a person reads it', async () => {
    const journal = await filled();
    const [view] = search(journal, { global: encodeKey('a', ['4', '4']) });
    expect(view).toMatchObject({ kind: 'set', database: { name: 'ONE' }, reference: '^a(4,4)', old: 'before', new: 'value 4' });
  });

  it('reads a file from a block in its middle on', async () => {
    const journal = await filled();
    const [file] = filesOf(realFiles, journal.files.directory, 'TEST');
    if (file?.header === null || file === undefined) throw new Error('no file');
    const starts: number[] = [];
    walkFile(realFiles, file.path, file.header, { closed: file.closed }, (block) => starts.push(block.start.offset) > 0);
    const again: number[] = [];
    walkFile(
      realFiles,
      file.path,
      file.header,
      { closed: file.closed, from: starts[1] ?? 0 },
      (block) => again.push(block.start.offset) > 0,
    );
    expect(again).toEqual(starts.slice(1));
  });
});

function verify(journal: Journal): JournalFinding[] {
  const found = filesOf(realFiles, journal.files.directory, 'TEST');
  return verifyJournal({ files: realFiles, found, isWhole: true, guid: mirrorJournal.guid }).findings;
}

/** The path of the n-th file. */
function pathOf(journal: Journal, n: number): string {
  const header = journal.files.all[n];
  if (header === undefined) throw new Error(`there is no file ${n}`);
  return journal.files.path(header);
}

describe('verifying a journal', () => {
  it('finds nothing wrong with a sound one', async () => {
    expect(verify(await filled())).toEqual([]);
  });

  it('finds a bit flipped anywhere in it, and says in which file and block', async () => {
    const journal = await filled();
    const path = pathOf(journal, 1);
    const sound = readFileSync(path);
    fc.assert(
      fc.property(fc.integer({ min: 0, max: sound.length * 8 - 1 }), (bit) => {
        const at = bit >> 3;
        const flipped = Buffer.from(sound);
        flipped[at] = (sound[at] ?? 0) ^ (1 << (bit & 7));
        writeFileSync(path, flipped);
        const findings = verify(journal).filter(({ isFault }) => isFault);
        expect(findings.length).toBeGreaterThan(0);
        const inIt = findings.find(({ file }) => path.endsWith(file));
        if (inIt !== undefined && at >= 4096) expect(inIt.offset).toBeLessThanOrEqual(at);
      }),
      { numRuns: 60 },
    );
    writeFileSync(path, sound);
    expect(verify(journal)).toEqual([]);
  });

  it('finds a truncated, a missing, a foreign and a doubled file, and bytes behind the end', async () => {
    const journal = await filled();
    const other = await filled('other', memberB);
    const [one, two] = [pathOf(journal, 1), pathOf(journal, 2)];
    const sound = readFileSync(one);
    truncateSync(one, sound.length - 10);
    expect(verify(journal)).toMatchObject([{ file: journal.files.all[1]?.fileName, reason: 'a block that is cut off', isFault: true }]);
    writeFileSync(one, Buffer.concat([sound, Buffer.from('more')]));
    expect(verify(journal)).toMatchObject([{ offset: sound.length, reason: '4 bytes stand behind the length at which it was closed' }]);
    rmSync(one);
    expect(verify(journal)).toMatchObject([{ offset: null, reason: `before it, journal file 2 is missing` }]);
    copyFileSync(pathOf(journal, 0), one);
    expect(verify(journal).map(({ reason }) => reason)).toContain(
      `it claims to be journal file 1, as ${journal.files.all[0]?.fileName} does`,
    );
    writeFileSync(one, sound);
    // Of another history of the same mirror.
    copyFileSync(pathOf(other, 2), two);
    expect(verify(journal).some(({ reason }) => reason.includes('of another lineage'))).toBe(true);
    const foreign = readFileSync(pathOf(other, 2));
    foreign.write('no', 0);
    writeFileSync(two, foreign);
    expect(verify(journal).some(({ reason }) => reason.includes('is not a journal file'))).toBe(true);
  });

  it('takes a last write that did not come through for none, and damage before others for damage', async () => {
    const journal = await filled();
    const path = pathOf(journal, 2);
    const sound = readFileSync(path);
    writeFileSync(path, sound.subarray(0, sound.length - 3));
    expect(verify(journal)).toMatchObject([{ isFault: false, reason: expect.stringContaining('is not durable') }]);
    const flipped = Buffer.from(sound);
    flipped[4096 + 100] = (flipped[4096 + 100] ?? 0) ^ 1;
    writeFileSync(path, flipped);
    expect(verify(journal)).toMatchObject([
      { isFault: true, offset: 4096, reason: expect.stringContaining('with a sound block behind it') },
    ]);
  });
});

describe('the catalog', () => {
  it('shows each file with its number, size and the times of its first and last block', async () => {
    const journal = await filled();
    expect(journalsIn(realFiles, journal.files.directory)).toEqual(['TEST']);
    const views = filesOf(realFiles, journal.files.directory, 'TEST').map((file) => viewOfFile(realFiles, file));
    expect(views.map(({ number, problem, inUse }) => ({ number, problem, inUse }))).toEqual([
      { number: 1, problem: null, inUse: false },
      { number: 2, problem: null, inUse: false },
      { number: 3, problem: null, inUse: true },
    ]);
    const all = search(journal, {});
    for (const view of views) {
      const own = all.filter(({ file }) => file === view.name);
      expect([view.firstRecord, view.lastRecord]).toEqual([own[0]?.time, own.at(-1)?.time]);
      expect(view.size).toBe(readFileSync(view.path).length);
    }
  });
});
