import fs from 'node:fs';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { instancePaths } from '../../engine/instance/host.ts';
import { decodeHeader, encodeHeader } from '../../engine/journal/header.ts';
import type { JournalHeader } from '../../engine/journal/index.ts';
import { setIn, times } from '../asyncs-support.ts';
import { mirrorFiles, switchJournal, verify } from '../journal/command.ts';
import { Acknowledged, sameDatabases } from '../support/acknowledged.ts';
import type { TestMember } from '../support/pair.ts';
import { pairOfTest } from '../support/pair-of-test.ts';
import { until } from '../support/until.ts';
import { copyFile, databases, db, gemel, holds, refused, stands } from './support.ts';

/** Journal files that are damaged, and members that end while they switch or take a copy in. */

const HEADER = 4096;

/** As if it had been written by another mirror, or in another history of this one. */
function withHeader(bytes: Buffer, change: (header: JournalHeader) => JournalHeader): Buffer {
  const header = change(decodeHeader(bytes.subarray(0, HEADER), 'the file'));
  return Buffer.concat([encodeHeader(header), bytes.subarray(HEADER)]);
}

/** What becomes of the file (null: it is gone), and what is said of it. */
const damages: readonly (readonly [name: string, (bytes: Buffer) => Buffer | null, RegExp])[] = [
  [
    'flipped',
    (bytes) => Buffer.from(bytes.map((byte, at) => (at === HEADER + 100 ? byte ^ 1 : byte))),
    /damaged at .*4096.*\(NAME\): a block that does not match/,
  ],
  ['truncated', (bytes) => bytes.subarray(0, bytes.length - 5), /damaged at .*\(NAME\): .*(cut off|shorter)/],
  ['missing', () => null, /file \d+ is (missing|not in)/],
  [
    'of another lineage',
    (bytes) => withHeader(bytes, (header) => ({ ...header, chain: 'f'.repeat(32) })),
    /damaged at .*: the next file does not continue this one/,
  ],
];

it('a journal file that is damaged is refused with its place and the reason by a copy that needs it; the others and the instance go on', async () => {
  const pair = await pairOfTest({ databases: ['DB', 'TWO'] });
  const { a, b, ready } = pair;
  const directory = instancePaths(b.directory).journal;
  /** The copy DB of B lacks three files of journal, and B is down. @returns the one in the middle */
  const lacking = async (round: number): Promise<{ name: string; file: string; sound: Buffer }> => {
    await db(b, 'pause-dejournal', 'DB');
    for (const part of ['1', '2', '3']) {
      await setIn(a, 'DB', 'x', `${round} ${part}`);
      await setIn(a, 'TWO', 'x', `${round} ${part}`);
      await switchJournal(a);
    }
    await setIn(a, 'TWO', 'y', String(round));
    await holds(b, 'TWO', 'y', String(round));
    const { nextRecord } = (await databases(b))['DB'] ?? {};
    const files = await mirrorFiles(b);
    const name = files[files.indexOf(typeof nextRecord === 'object' ? nextRecord.file : '') + 1] ?? '';
    await b.stop();
    const file = path.join(directory, name);
    return { name, file, sound: fs.readFileSync(file) };
  };
  for (const [round, [what, damage, said]] of damages.entries()) {
    const { name, file, sound } = await lacking(round);
    const bytes = damage(sound);
    if (bytes === null) fs.rmSync(file);
    else fs.writeFileSync(file, bytes);
    await b.start();
    await ready();
    const why = await refused(b, 'catchup', 'DB');
    expect([what, why.replaceAll(name, 'NAME')]).toEqual([what, expect.stringMatching(said)]);
    expect((await databases(b))['DB']?.reason).toBeTruthy();
    await setIn(a, 'TWO', 'n', String(round));
    await holds(b, 'TWO', 'n', String(round));
    // Brought back, as from another member.
    fs.writeFileSync(file, sound);
    await db(b, 'catchup', 'DB');
    await holds(b, 'DB', 'x', `${round} 3`);
  }
  // One of another mirror holds the member: which journal is its own is not known. What is in no mirror is served.
  const { name, file, sound } = await lacking(9);
  fs.writeFileSync(
    file,
    withHeader(sound, (header) => ({ ...header, journal: { ...header.journal, guid: '00000000-0000-4000-8000-0000000000ee' } })),
  );
  await b.start();
  await until('it is held', () => Promise.resolve(times(b, 'OWN_JOURNAL_UNREADABLE') > 0));
  expect(b.messages()).toMatch(new RegExp(`${name} belongs to another journal`));
  expect((await gemel(b, 'db', 'create', 'B', 'OWN')).code).toBe(0);
  await setIn(b, 'OWN', 'x', '1');
  fs.writeFileSync(file, sound);
  await b.stop();
  await b.start();
  await ready();
  await db(b, 'catchup', 'DB');
  await holds(b, 'DB', 'x', '9 3');
  expect(await verify(b)).toMatchObject({ sound: true });
}, 180_000);

/** Begins it and kills the member a moment later. */
async function killed(member: TestMember, afterMs: number, begin: Promise<unknown>): Promise<void> {
  const answered = begin.catch(() => undefined);
  await delay(afterMs);
  await member.kill();
  await answered;
}

it('a primary that is killed while it switches its journal loses nothing, and its backup goes on with the same journal', async () => {
  const pair = await pairOfTest();
  let { a: primary, b: backup } = pair;
  const written = await Acknowledged.by(primary, 200);
  for (const moment of [0, 2, 6, 15]) {
    await killed(primary, moment, primary.call('journal.switch', {}));
    await written.cut();
    await backup.sees({ [backup.name]: 'Primary' });
    await written.start(backup);
    await written.more(200);
    await primary.start();
    await pair.ready(backup);
    [primary, backup] = [backup, primary];
  }
  await written.stop();
  await written.verify(primary);
  await sameDatabases(pair);
  for (const member of [primary, backup]) expect(await verify(member)).toMatchObject({ sound: true });
}, 180_000);

it('a backup that is killed while a copy is activated and catches up has it as it was or as it is to be, and goes on', async () => {
  const pair = await pairOfTest({ databases: ['DB', 'TWO'] });
  const { a, b } = pair;
  for (const [n, moment] of [0, 4, 10, 25, 60].entries()) {
    await setIn(a, 'DB', 'x', String(n));
    await holds(b, 'DB', 'x', String(n));
    await db(a, 'dismount', 'DB');
    await db(b, 'dismount', 'DB');
    copyFile(a, b, 'DB');
    await db(a, 'mount', 'DB');
    await db(b, 'mount', 'DB');
    await stands(b, 'DB', 'Needs Activation');
    await setIn(a, 'DB', 'y', String(n));
    await killed(b, moment, b.call('db.catchup', { names: ['DB'] }));
    await b.start();
    await pair.ready();
    await until('it says how it stands', async () => /Needs|Dejournaling/.test((await databases(b))['DB']?.status ?? ''));
    if ((await databases(b))['DB']?.status !== 'Dejournaling') await db(b, 'catchup', 'DB');
    await holds(b, 'DB', 'y', String(n));
  }
  await sameDatabases(pair);
}, 180_000);
