import fs from 'node:fs';
import path from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { RespClient } from '../../engine/cli/resp-client.ts';
import { instancePaths } from '../../engine/instance/host.ts';
import { updateSettings, type Settings } from '../../engine/instance/settings.ts';
import { inStep, asyncOf, times } from '../asyncs-support.ts';
import { SmallDisk } from '../outages/disk.ts';
import { Acknowledged, sameDatabases, set } from '../support/acknowledged.ts';
import { endProcesses, type TestMember } from '../support/pair.ts';
import { pairOfTest } from '../support/pair-of-test.ts';
import { until } from '../support/until.ts';
import { gemel, list, purge, purgeAll, switchJournal, verify } from './command.ts';

/** Journals whose disk is full, with another one to go on to. */

const awayOf = (member: TestMember): string => path.join(member.home, 'alternate');

function configure(member: TestMember, journal: Partial<Settings['Journal']>): void {
  updateSettings(instancePaths(member.directory).settings, (s) => ({ ...s, Journal: { ...s.Journal, ...journal } }));
}

/** Its journal directory becomes a small disk of its own. It must be down. */
function onSmallDisk(member: TestMember): SmallDisk {
  const { journal } = instancePaths(member.directory);
  const files = new Map(fs.readdirSync(journal).map((name) => [name, fs.readFileSync(path.join(journal, name))]));
  const disk = new SmallDisk(journal);
  disk.mount();
  onTestFinished(() => disk.remove());
  for (const [name, bytes] of files) fs.writeFileSync(path.join(journal, name), bytes);
  configure(member, { AlternateDirectory: awayOf(member), FileSizeLimit: 4 });
  return disk;
}

/** A megabyte of journal. */
async function bulk(member: TestMember): Promise<void> {
  const client = await RespClient.connect('127.0.0.1', member.port);
  const value = 'x'.repeat(16 * 1024);
  await Promise.all(Array.from({ length: 64 }, (_, n) => client.command('GSET', `^|"DB"|bulk(${n})`, value)));
  client.close();
}

/** Journal files of the mirror that are in the alternate directory. */
async function away(member: TestMember): Promise<string[]> {
  const { journals } = await list(member);
  const files = journals.find(({ mirror }) => mirror === 'TEST')?.files ?? [];
  return files.filter((file) => file.path.startsWith(awayOf(member))).map(({ name }) => name);
}

it('a full journal disk stops neither a primary nor a backup nor an async that has an alternate directory, and nothing is lost', async () => {
  // Ended before its disks are.
  const disks: SmallDisk[] = [];
  // Going on elsewhere takes time on a busy machine; a primary that stands still for half of this hands over instead.
  const pair = await pairOfTest({ qosMs: 8000 });
  const { a, b, ready } = pair;
  const c = await asyncOf(pair, 'C', 'dr');
  await c.stop();
  await b.stop();
  await a.stop({ nofailover: true });
  for (const member of [a, b, c]) disks.push(onSmallDisk(member));
  onTestFinished(() => endProcesses(pair.root));
  await a.start();
  await b.start();
  await c.start();
  await ready();
  const written = await Acknowledged.by(a, 300);
  const [diskOfA, diskOfB, diskOfC] = disks;
  const goesOn = async (member: TestMember): Promise<void> => {
    await until(`${member.name} goes on elsewhere`, async () => {
      await bulk(a);
      await written.more(50);
      return (await away(member)).length > 0;
    });
  };
  diskOfA?.fill();
  await goesOn(a);
  expect(times(a, 'JOURNAL_ALTERNATE')).toBeGreaterThan(0);
  await a.sees({ A: 'Primary', B: 'Backup' });
  diskOfB?.fill();
  diskOfC?.fill();
  await goesOn(b);
  await goesOn(c);
  await ready();
  await written.more(200);
  await a.kill();
  await written.cut();
  await b.sees({ B: 'Primary' });
  // What is there is read wherever it is, also of a member that is down.
  expect(await verify(a)).toMatchObject({ sound: true });
  expect((await gemel(a, 'journal', 'search', 'A', '--global', '^ack(0,0)', '--mirror', 'TEST')).out).toContain('^ack(0,0)');
  await written.start(b);
  await written.more(200);
  await a.start();
  await ready(b);
  await written.stop();
  await inStep(c, b);
  await sameDatabases(pair, c);
  await written.verify(b);
  for (const member of [a, b, c]) expect(await verify(member)).toMatchObject({ sound: true });
  for (const disk of disks) disk.makeRoom();
  await switchJournal(b);
  // An async hears of a new file with what is written into it.
  await set(b, 'end', '1');
  for (const member of [a, b, c])
    await until(
      `${member.name} is back`,
      async () => Promise.resolve(times(member, 'JOURNAL_BACK') > 0),
      () => member.messages().slice(-2000),
    );
  await inStep(c, b);
  for (const member of [a, b, c]) {
    await purgeAll(member);
    expect([await away(member), (await verify(member)).sound]).toEqual([[], true]);
  }
  // The directory of an instance that has files there is missed when it is not there.
  await written.start(b);
  await written.more(100);
  await written.stop();
  await c.stop();
  diskOfC?.fill();
  await c.start();
  await set(b, 'later', '1');
  await inStep(c, b);
  await c.stop();
  fs.renameSync(awayOf(c), `${awayOf(c)}.unmounted`);
  await expect(c.start()).rejects.toThrow(/alternate, which is not there now/);
  expect(await gemel(c, 'journal', 'list', 'C')).toMatchObject({ code: 1, err: expect.stringContaining('which is not there now') });
  fs.renameSync(`${awayOf(c)}.unmounted`, awayOf(c));
  await c.start();
  await inStep(c, b);
  await sameDatabases(pair, c);
}, 300_000);

it('files stay for backups that are to come, and on a reporting member go once they are dejournaled, as the settings say', async () => {
  const pair = await pairOfTest();
  const { a, ready } = pair;
  const d = await asyncOf(pair, 'D', 'reporting-ro');
  await d.stop();
  configure(d, { MirrorJournalRetention: 'dejournaled', BackupsBeforePurge: 1 });
  await a.stop({ nofailover: true });
  configure(a, { BackupsBeforePurge: 1 });
  await a.start();
  await d.start();
  await ready(a);
  for (let n = 0; n < 3; n++) {
    await set(a, `n(${n})`, 'x');
    await switchJournal(a);
  }
  await set(a, 'last', 'x');
  await inStep(d, a);
  await until('nothing but the backup keeps them', async () => {
    const { kept } = await purge(a, '--dry-run');
    return kept.length > 3 && kept[0]?.reasons.every(({ code }) => code === 'backup');
  });
  expect((await gemel(a, 'journal', 'list', 'A')).out).toMatch(/none of the 1 backups of the database DB .* BackupsBeforePurge/);
  expect((await gemel(a, 'db', 'backup', 'A', 'DB', '--to', path.join(a.home, 'backup'))).code).toBe(0);
  await a.stop({ nofailover: true });
  await a.start();
  await ready(a);
  await purgeAll(a);
  // Without any age of its own.
  await until('files that are dejournaled go', async () => {
    const { code, out } = await gemel(d, 'journal', 'purge', 'D', '--mirror', 'TEST', '--json');
    const left = (JSON.parse(out) as { journals: { kept: unknown[] }[] }).journals[0]?.kept.length;
    return code === 0 && left === 1;
  });
  await set(a, 'after', 'x');
  await inStep(d, a);
  await sameDatabases(pair, d);
}, 120_000);
