import fs from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { instancePaths } from '../../engine/instance/host.ts';
import { asyncOf, getIn, inStep, setIn, times } from '../asyncs-support.ts';
import { Acknowledged, sameDatabases, set } from '../support/acknowledged.ts';
import type { TestMember } from '../support/pair.ts';
import { pairOfTest } from '../support/pair-of-test.ts';
import { until } from '../support/until.ts';
import { gemel, list, mirrorFiles, purge, purgeAll, search, switchJournal, verify } from './command.ts';

/** Writes, and ends the file, so many times. */
async function fill(member: TestMember, files: number): Promise<void> {
  for (let n = 0; n < files; n++) {
    await setIn(member, 'DB', `fill(${n})`, `value ${n}`);
    await switchJournal(member);
  }
  await setIn(member, 'DB', 'fill("last")', 'x');
}

function cpf(member: TestMember, key: string, value: string): void {
  const { settings } = instancePaths(member.directory);
  const text = fs.readFileSync(settings, 'utf8');
  fs.writeFileSync(settings, text.replace(new RegExp(`^${key}=.*$`, 'm'), `${key}=${value}`));
}

describe('journal files', () => {
  it('are listed, shown, searched and verified on every member, also on one that is down', async () => {
    const pair = await pairOfTest();
    const { a, b } = pair;
    const c = await asyncOf(pair, 'C', 'dr');
    const d = await asyncOf(pair, 'D', 'reporting-ro');
    await set(a, 'x', 'first');
    await set(a, 'x', 'second');
    await switchJournal(a);
    await setIn(a, 'DB', 'found(1,"two")', 'three');
    for (const member of [c, d]) await inStep(member, a);
    for (const member of [a, b, c, d]) {
      const { journals, forecast } = await list(member);
      expect(journals.map(({ mirror }) => mirror)).toEqual([null, 'TEST']);
      const files = journals[1]?.files ?? [];
      expect(files.map(({ number }) => number)).toEqual(files.map((_, n) => n + 1));
      expect(files.map(({ inUse }) => inUse)).toEqual(files.map((_, n) => n === files.length - 1));
      for (const file of files) expect([file.problem, file.kept.length > 0, file.size > 0]).toEqual([null, true, true]);
      expect(forecast?.freeBytes).toBeGreaterThan(0);
      await until(`${member.name} has it`, async () => (await search(member, '--global', '^found')).length === 1);
      const [found] = await search(member, '--global', '^found(1)', '--mirror', 'TEST');
      expect(found).toMatchObject({ kind: 'set', reference: '^found(1,"two")', new: 'three', old: null, database: { name: 'DB' } });
      const shown = await gemel(member, 'journal', 'show', member.name, found?.file ?? '', '--from', String(found?.block));
      expect(shown.out).toContain('set ^found(1,"two") = "three"  in DB');
      expect(await verify(member)).toMatchObject({ sound: true, findings: [] });
    }
    const both = await search(a, '--database', 'db', '--mirror', 'TEST');
    expect(both.map((record) => record.new)).toEqual(expect.arrayContaining(['first', 'second', 'three']));
    expect(await search(a, '--from', new Date(Date.now() + 60_000).toISOString())).toEqual([]);
    expect(await search(a, '--transaction', '999999')).toEqual([]);
    await d.stop();
    expect((await search(d, '--global', '^found')).length).toBe(1);
    const { journals } = await list(d);
    expect(journals[1]?.files.every(({ purgeable }) => purgeable === null)).toBe(true);
    const mgr = instancePaths(c.directory).mgr;
    expect(fs.readFileSync(path.join(mgr, 'mirrorjrn-TEST.log'), 'utf8')).toMatch(/received .*MIRROR-TEST-.* closed /s);
  });

  it('that are damaged are told of with file, offset and reason, by every command that reads them', async () => {
    const pair = await pairOfTest();
    const { a, b } = pair;
    await fill(a, 2);
    await until('the backup has it', async () => (await search(b, '--global', '^fill("last")')).length === 1);
    await b.stop();
    const directory = instancePaths(b.directory).journal;
    const [first = '', second = ''] = (await list(b)).journals.find(({ mirror }) => mirror === 'TEST')?.files.map(({ name }) => name) ?? [];
    const file = path.join(directory, first);
    const sound = fs.readFileSync(file);
    const flipped = Buffer.from(sound);
    flipped[4096 + 90] = (flipped[4096 + 90] ?? 0) ^ 4;
    fs.writeFileSync(file, flipped);
    const finding = { file: first, offset: 4096, reason: 'a block that does not match its checksum', isFault: true };
    expect(await verify(b)).toMatchObject({ sound: false, findings: [finding] });
    expect((await gemel(b, 'journal', 'verify', 'B')).code).toBe(1);
    for (const args of [
      ['search', 'B', '--mirror', 'TEST'],
      ['show', 'B', first],
    ]) {
      const { code, err } = await gemel(b, 'journal', ...args);
      expect([code, err]).toEqual([
        1,
        expect.stringContaining(`${first} is damaged at offset 4096: a block that does not match its checksum`),
      ]);
    }
    fs.writeFileSync(file, sound.subarray(0, sound.length - 1));
    expect((await verify(b)).findings).toMatchObject([{ file: first, isFault: true }]);
    fs.rmSync(file);
    fs.copyFileSync(path.join(directory, second), file);
    expect((await verify(b)).findings.some(({ reason }) => reason.includes('claims to be journal file 2'))).toBe(true);
    fs.writeFileSync(file, sound);
    expect(await verify(b)).toMatchObject({ sound: true });
    await b.start();
    await pair.ready(a);
  });
});

describe('purging', () => {
  it('keeps what an async lacks, also over restarts of the primary and a takeover, and then lets it go', async () => {
    const pair = await pairOfTest();
    const { a, b, ready } = pair;
    const c = await asyncOf(pair, 'C', 'dr');
    const d = await asyncOf(pair, 'D', 'reporting-ro');
    await set(a, 'before', '1');
    await inStep(d, a);
    // What D has is known from now on, also on the backup.
    await purge(a);
    await until('the backup knows D', async () => {
      await purge(b, '--dry-run');
      const known = path.join(instancePaths(b.directory).mgr, 'mirror-TEST-others.json');
      const text = fs.existsSync(known) ? fs.readFileSync(known, 'utf8') : '';
      return /"name":"D","isAsync":true,"position":\{/.test(text);
    });
    await d.kill();
    await fill(a, 3);
    const held = async (member: TestMember): Promise<void> => {
      await until(`${member.name} keeps files for D`, async () => {
        const { kept } = await purge(member);
        return kept.some(({ reasons }) => reasons.some(({ code, text }) => code === 'async' && text.includes('member D is not connected')));
      });
      const files = await mirrorFiles(member);
      expect(files.length).toBeGreaterThan(3);
    };
    await held(a);
    await a.stop({ nofailover: true });
    await a.start();
    await ready(a);
    await held(a);
    await a.kill();
    await b.sees({ B: 'Primary' });
    await held(b);
    await a.start();
    await ready(b);
    await d.start();
    await inStep(d, b);
    await inStep(c, b);
    await sameDatabases(pair, c, d);
    expect(await getIn(d, 'DB', 'fill(2)')).toBe('value 2');
    await set(b, 'after', '1');
    for (const member of [b, a, c, d]) await purgeAll(member);
    expect(await verify(b)).toMatchObject({ sound: true });
    expect(fs.readFileSync(path.join(instancePaths(b.directory).mgr, 'mirrorjrn-TEST.log'), 'utf8')).toContain(' purged ');
    // Everybody goes on.
    await set(b, 'later', '2');
    await b.call('mirror.switchOver', {});
    await ready(a);
    await set(a, 'latest', '3');
    for (const member of [c, d]) await inStep(member, a);
    await sameDatabases(pair, c, d);
  });

  it('tells an async that was away for too long, and harms nobody', async () => {
    const pair = await pairOfTest();
    const { a, b, ready } = pair;
    await a.stop({ nofailover: true });
    cpf(a, 'DaysForLostAsync', '0');
    await a.start();
    await ready(a);
    const d = await asyncOf(pair, 'D', 'reporting-ro');
    await d.kill();
    await a.sees({ D: 'Down' });
    await fill(a, 3);
    await purgeAll(a);
    expect(times(a, 'ASYNC_NOT_KEPT_FOR')).toBe(1);
    await d.start();
    await until('D is told', async () => Promise.resolve(times(d, 'ASYNC_NOT_TAKEN') > 0));
    expect(d.messages()).toMatch(/Journal file \d+ is not in .* any more/);
    expect(d.running).toBe(true);
    await set(a, 'x', '1');
    await ready(a);
    await b.call('mirror.status', {});
  });

  it('that a kill interrupts leaves a journal without gaps, and is done again', async () => {
    const pair = await pairOfTest();
    const { a, b, ready } = pair;
    for (let round = 0; round < 2; round++) {
      await fill(a, 12);
      await until('files can go', async () => (await purge(a, '--dry-run')).purged.length > 8);
      const purging = purge(a).catch(() => undefined);
      const log = path.join(instancePaths(a.directory).mgr, 'journal.log');
      const before = fs.readFileSync(log, 'utf8').split(' purged ').length;
      await until('some are gone', async () => Promise.resolve(fs.readFileSync(log, 'utf8').split(' purged ').length > before + round * 3));
      await a.kill();
      await purging;
      await b.sees({ B: 'Primary' });
      expect(await verify(a)).toMatchObject({ sound: true, findings: [] });
      await a.start();
      await ready(b);
      await b.call('mirror.switchOver', {});
      await ready(a);
    }
    await sameDatabases(pair);
    await purgeAll(a);
    expect(await verify(a)).toMatchObject({ sound: true, findings: [] });
  });

  it('under load takes nothing that is needed', async () => {
    const pair = await pairOfTest();
    const { a, b, ready } = pair;
    const c = await asyncOf(pair, 'C', 'dr');
    const written = await Acknowledged.by(a, 300);
    for (let n = 0; n < 4; n++) {
      await switchJournal(a);
      await written.more(300);
      for (const member of [a, b, c]) await purge(member);
    }
    await a.kill();
    await written.cut();
    await b.sees({ B: 'Primary' });
    await written.start(b);
    await written.more(300);
    await a.start();
    await ready(b);
    await written.stop();
    await inStep(c, b);
    await sameDatabases(pair, c);
    await written.verify(c);
    expect(await verify(b)).toMatchObject({ sound: true });
  });
});
