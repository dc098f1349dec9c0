import fs from 'node:fs';
import path from 'node:path';
import { expect, it } from 'vitest';
import { BackupHead, BackupResult } from '../../engine/api/backup.ts';
import { RespClient } from '../../engine/cli/resp-client.ts';
import { asyncOf, getIn, inStep, newInstance, setIn, times } from '../asyncs-support.ts';
import { Acknowledged, get, sameDatabases, set } from '../support/acknowledged.ts';
import { pairOfTest } from '../support/pair-of-test.ts';
import { until } from '../support/until.ts';
import { gemel, jobs, json } from './support.ts';

/** Backups of a mirror's databases, and what becomes of them on its members and elsewhere. */

it('is taken on the primary under load, restored on the backup, a DR async and a reporting async, which catch up by themselves', async () => {
  const pair = await pairOfTest();
  const { a, b } = pair;
  const dr = await asyncOf(pair, 'C', 'dr');
  const reporting = await asyncOf(pair, 'D', 'reporting-ro');
  const file = path.join(a.home, 'db.gbk');
  const written = await Acknowledged.by(a, 2000);
  const taken = BackupResult.parse(await json(a.home, 'db', 'backup', 'A', 'DB', '--to', file));
  await written.more(500);
  expect(taken.head.databases.map((d) => [d.name, d.mirror?.name])).toEqual([['DB', 'TEST']]);
  expect(BackupResult.parse(await json(pair.root, 'db', 'verify-backup', file))).toEqual(taken);
  expect(BackupHead.parse(await json(pair.root, 'db', 'backup-info', file))).toEqual(taken.head);
  // Nothing is overwritten, neither a backup nor a database.
  expect(await gemel(a.home, 'db', 'backup', 'A', 'DB', '--to', file)).toMatchObject({ code: 1, err: expect.stringContaining('already') });
  expect(await gemel(b.home, 'db', 'restore', 'B', '--from', file)).toMatchObject({ code: 1, err: expect.stringContaining('--overwrite') });
  expect(await gemel(a.home, 'db', 'restore', 'A', '--from', file, '--overwrite')).toMatchObject({
    code: 1,
    err: expect.stringContaining('primary'),
  });
  for (const member of [b, dr, reporting]) {
    await written.more(300);
    expect(await json(member.home, 'db', 'restore', member.name, '--from', file, '--overwrite')).toMatchObject([
      { name: 'DB', as: 'dejournaled', behind: null },
    ]);
    expect(times(member, 'DATABASE_RESTORED')).toBe(1);
  }
  await written.stop();
  await set(a, 'last', 'one');
  for (const member of [b, dr, reporting]) await until(`${member.name} has all`, async () => (await get(member, 'last')) === 'one');
  for (const member of [dr, reporting]) await inStep(member, a);
  await sameDatabases(pair, dr, reporting);
  // The restored copy is one that can take over.
  await a.kill();
  await b.sees({ B: 'Primary' });
  await written.verify(b);
  expect(await set(b, 'after', 'x')).toBe('OK');
}, 180_000);

it('rolls back what was open on an instance outside of the mirror, and shows it read-only', async () => {
  const pair = await pairOfTest();
  const { a, b } = pair;
  const other = await newInstance(pair, 'X');
  await set(a, 't', 'before');
  const client = await RespClient.connect('127.0.0.1', a.port);
  await client.command('GSET', '^|"DB"|t', 'before');
  await client.command('TSTART');
  await client.command('GSET', '^|"DB"|t', 'open');
  await client.command('GSET', '^|"DB"|u', 'open');
  await set(a, 'settled', '1');
  await until('the backup has it', async () => (await get(b, 'settled')) === '1');
  // From the backup member: its copy is as good.
  const file = path.join(a.home, 'db.gbk');
  const taken = BackupResult.parse(await json(b.home, 'db', 'backup', 'B', 'DB', '--to', file));
  expect(taken.undone).toBe(2);
  expect(await json(other.home, 'db', 'restore', 'X', '--from', file, '--as', 'COPY')).toMatchObject([{ name: 'COPY', as: 'retained' }]);
  expect([await getIn(other, 'COPY', 't'), await getIn(other, 'COPY', 'u'), await getIn(other, 'COPY', 'settled')]).toEqual([
    'before',
    null,
    '1',
  ]);
  await expect(setIn(other, 'COPY', 't', 'x')).rejects.toThrow(/PROTECT/);
  await client.command('TCOMMIT');
  client.close();
  // On the mirror's member the transaction goes on as the journal says.
  await json(b.home, 'db', 'restore', 'B', '--from', file, '--overwrite');
  await until('the commit has arrived', async () => (await getIn(b, 'DB', 'u')) === 'open');
  expect(await json(other.home, 'mirror', 'remove', 'X', '--unmirror')).toMatchObject({ message: expect.stringContaining('COPY') });
  await setIn(other, 'COPY', 't', 'own');
  expect(await getIn(other, 'COPY', 't')).toBe('own');
}, 120_000);

it('waits on a member that is behind until the journal has arrived; scripts learn who is what', async () => {
  const pair = await pairOfTest();
  const { a, b } = pair;
  const dr = await asyncOf(pair, 'C', 'dr');
  const none = await newInstance(pair, 'X');
  const role = async ({ home, name }: { home: string; name: string }, ...more: string[]): Promise<[number, string]> => {
    const { code, out } = await gemel(home, 'mirror', 'role', name, ...more);
    return [code, out];
  };
  expect([await role(a), await role(b), await role(dr), await role(none)]).toEqual([
    [0, 'primary\n'],
    [0, 'backup\n'],
    [0, 'async\n'],
    [0, 'none\n'],
  ]);
  expect([await role(a, '--is', 'primary'), await role(b, '--is', 'primary')]).toEqual([
    [0, 'primary\n'],
    [1, 'backup\n'],
  ]);
  expect(
    [await role(dr, '--is', 'member'), await role(none, '--is', 'member'), await role(dr, '--is', 'failover')].map(([code]) => code),
  ).toEqual([0, 1, 1]);
  expect(await json(dr.home, 'mirror', 'role', 'C')).toEqual({
    instance: 'C',
    role: 'async',
    mirror: 'TEST',
    member: 'C',
    type: 'Disaster Recovery',
    status: 'Connected',
  });
  await dr.call('mirror.stop', {});
  const written = await Acknowledged.by(a, 500);
  await written.stop();
  const file = path.join(a.home, 'db.gbk');
  await json(a.home, 'db', 'backup', 'A', 'DB', '--to', file);
  const { job } = await dr.call('db.restore', { file, overwrite: true });
  await until('it waits', async () => (await jobs(dr.home, 'C'))[0]?.steps.some(({ text }) => text.startsWith('Waiting until')));
  expect(await get(dr, 'ack(0,1)')).toBe('null');
  await dr.call('mirror.start', {});
  const ended = await until('it has ended', async () => {
    const now = await dr.call('job.get', { job, waitMs: 1000 });
    return now.state !== 'running' && now;
  });
  expect(ended).toMatchObject({ state: 'done', error: null, result: [{ name: 'DB', as: 'dejournaled', behind: null }] });
  await inStep(dr, pair.a, pair.b);
  await written.verify(dr);
  await sameDatabases(pair, dr);
  expect(await gemel(a.home, 'db', 'restore', 'A', '--from', file, '--as', 'OTHER')).toMatchObject({
    code: 1,
    err: expect.stringContaining('primary'),
  });
}, 120_000);

it('takes the place of a copy that is damaged, on a member that is then whole again', async () => {
  const pair = await pairOfTest();
  const { a } = pair;
  const dr = await asyncOf(pair, 'C', 'dr');
  const file = path.join(a.home, 'db.gbk');
  await json(a.home, 'db', 'backup', 'A', 'DB', '--to', file);
  const written = await Acknowledged.by(a, 300);
  await written.stop();
  await inStep(dr, a);
  await dr.stop();
  const damaged = path.join(dr.directory, 'db', 'GEMEL.DAT');
  const bytes = fs.readFileSync(damaged);
  bytes.fill(0xff, 100, 4096);
  fs.writeFileSync(damaged, bytes);
  await dr.start();
  await dr.sees({ C: 'Connected' });
  expect(await dr.call('db.list', {})).toContainEqual(expect.objectContaining({ name: 'DB', mounted: false }));
  expect(await json(dr.home, 'db', 'restore', 'C', '--from', file, '--overwrite')).toMatchObject([{ as: 'dejournaled', behind: null }]);
  await inStep(dr, a);
  await written.verify(dr);
  await sameDatabases(pair, dr);
}, 120_000);

it('is given up where the log of a database has grown too much, and restored ahead of the journal where that does not come', async () => {
  const pair = await pairOfTest();
  const { a } = pair;
  const dr = await asyncOf(pair, 'C', 'dr');
  const written = await Acknowledged.by(a, 300);
  await written.stop();
  await inStep(dr, a);
  await dr.call('mirror.stop', {});
  await set(a, 'later', 'x');
  const file = path.join(a.home, 'db.gbk');
  await json(a.home, 'db', 'backup', 'A', 'DB', '--to', file);
  const { job } = await dr.call('db.restore', { file, overwrite: true });
  // Meanwhile, on the primary: the log is longer than it may be as soon as the copy begins, without anything in it being read.
  const log = path.join(a.directory, 'db', 'GEMEL.DAT-wal');
  fs.truncateSync(log, 1024 * 1024 * 1024 + 4096);
  const other = path.join(a.home, 'other.gbk');
  expect(await gemel(a.home, 'db', 'backup', 'A', 'DB', '--to', other)).toMatchObject({
    code: 1,
    err: expect.stringMatching(/GEMEL.DAT-wal has grown to 1024 MB; .*other.gbk was given up/),
  });
  expect(fs.readdirSync(a.home).filter((name) => name.startsWith('other'))).toEqual([]);
  // Written over from its start, it is cut back by itself.
  await until('the log is short again', async () => (await set(a, 'more', 'x')) === 'OK' && fs.statSync(log).size < 1024 * 1024 * 1024);
  await json(a.home, 'db', 'backup', 'A', 'DB', '--to', other);
  const ended = await until(
    'the restore has ended',
    async () => {
      const now = await dr.call('job.get', { job, waitMs: 1000 });
      return now.state !== 'running' && now;
    },
    undefined,
    90_000,
  );
  expect(ended).toMatchObject({
    state: 'done',
    result: [
      { name: 'DB', as: 'dejournaled', behind: expect.stringMatching(/has arrived here up to .* only, and the backup contains it up to/) },
    ],
  });
  expect(times(dr, 'RESTORED_BEHIND')).toBe(1);
  expect(await get(dr, 'later')).toBe('x');
  await dr.call('mirror.start', {});
  await inStep(dr, a, pair.b);
  await sameDatabases(pair, dr);
}, 180_000);
