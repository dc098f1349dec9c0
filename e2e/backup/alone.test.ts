import { randomBytes } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { BackupResult, FreezeView } from '../../engine/api/backup.ts';
import { RespClient } from '../../engine/cli/resp-client.ts';
import { verifyDatabase } from '../../engine/database/index.ts';
import { SmallDisk } from '../outages/disk.ts';
import { BareInstance } from '../support/bare-instance.ts';
import { until } from '../support/until.ts';
import { gemel, jobs, json } from './support.ts';

/** Backups of databases that are not mirrored, by commands, with crashes in the middle. */

const MIB = 1024 * 1024;

async function running(): Promise<BareInstance> {
  const instance = new BareInstance();
  onTestFinished(() => instance.remove());
  await instance.create();
  await instance.start();
  return instance;
}

async function client(instance: BareInstance): Promise<RespClient> {
  const made = await RespClient.connect('127.0.0.1', instance.port);
  onTestFinished(() => made.close());
  return made;
}

async function get(instance: BareInstance, database: string, name: string): Promise<unknown> {
  const asking = await RespClient.connect('127.0.0.1', instance.port);
  try {
    return await asking.command('GGET', `^|"${database}"|${name}`);
  } finally {
    asking.close();
  }
}

/** Values that cannot be compressed. */
async function fill(instance: BareInstance, database: string, count: number): Promise<void> {
  const writing = await client(instance);
  for (let n = 0; n < count; n++) await writing.command('GSET', `^|"${database}"|big(${n})`, randomBytes(MIB / 2).toString('hex'));
  writing.close();
}

it('several databases are all cut at one position: no transaction over two of them is torn', async () => {
  const instance = await running();
  const { home, name } = instance;
  for (const each of ['X', 'Y']) await json(home, 'db', 'create', name, each);
  const writing = await client(instance);
  let isWriting = true;
  const writer = (async () => {
    for (let n = 0; isWriting; n++) {
      await writing.command('TSTART');
      await writing.command('GSET', '^|"X"|n', String(n));
      await writing.command('GSET', `^|"X"|list(${n})`, 'x');
      await writing.command('GSET', '^|"Y"|n', String(n));
      await writing.command('TCOMMIT');
    }
  })();
  await until('something is there', async () => (await get(instance, 'Y', 'n')) !== null);
  const found: unknown[] = [];
  for (const round of [1, 2, 3]) {
    const file = path.join(home, `backup-${round}`);
    const taken = BackupResult.parse(await json(home, 'db', 'backup', name, 'X', 'Y', '--to', file, '--level', '3'));
    expect(taken.head.databases.map(({ position }) => position)).toEqual(Array(2).fill(taken.head.databases[0]?.position));
    for (const each of ['X', 'Y']) await json(home, 'db', 'restore', name, '--from', file, '--db', each, '--as', `${each}${round}`);
    const [x, y] = [await get(instance, `X${round}`, 'n'), await get(instance, `Y${round}`, 'n')];
    expect([x, await get(instance, `X${round}`, `list(${Number(y) + 1})`)]).toEqual([y, null]);
    found.push(x);
  }
  isWriting = false;
  await writer;
  expect(new Set(found).size).toBe(3);
  expect(await gemel(home, 'db', 'restore', name, '--from', path.join(home, 'backup-1'), '--as', 'Z')).toMatchObject({ code: 2 });
  // After a crash they are what they were, and so is the rest.
  await instance.kill();
  await instance.start();
  expect(await get(instance, 'X2', 'n')).toBe(found[1]);
  expect(await get(instance, 'X', 'n')).toBe(await get(instance, 'Y', 'n'));
}, 120_000);

it('a database is taken back to its backup, with what its clients had open undone, and goes on from there', async () => {
  const instance = await running();
  const { home, name } = instance;
  await json(home, 'db', 'create', name, 'X');
  const writing = await client(instance);
  await writing.command('GSET', '^|"X"|a', 'then');
  await writing.command('TSTART');
  await writing.command('GSET', '^|"X"|a', 'open then');
  const file = path.join(home, 'backup');
  expect(BackupResult.parse(await json(home, 'db', 'backup', name, 'X', '--to', file)).undone).toBe(1);
  await writing.command('GSET', '^|"X"|b', 'open now');
  await writing.command('GSET', '^|"USER"|other', 'open');
  const other = await client(instance);
  await other.command('GSET', '^|"X"|c', 'later');
  expect(await json(home, 'db', 'restore', name, '--from', file, '--overwrite')).toMatchObject([{ name: 'X', as: 'ordinary' }]);
  await expect(writing.command('TCOMMIT')).rejects.toThrow();
  const all = async (): Promise<unknown[]> => [
    await get(instance, 'X', 'a'),
    await get(instance, 'X', 'b'),
    await get(instance, 'X', 'c'),
    await get(instance, 'USER', 'other'),
  ];
  expect(await all()).toEqual(['then', null, null, null]);
  const after = await client(instance);
  await after.command('GSET', '^|"X"|c', 'after');
  await instance.kill();
  await instance.start();
  expect(await all()).toEqual(['then', null, 'after', null]);
  expect(await json(home, 'db', 'verify', name, 'X')).toMatchObject({ sound: true });
}, 60_000);

it('kill -9 while a restore makes its copy leaves the old database, and nothing of the new one', async () => {
  const instance = await running();
  const { home, name } = instance;
  await json(home, 'db', 'create', name, 'X');
  await fill(instance, 'X', 60);
  const file = path.join(home, 'backup');
  await json(home, 'db', 'backup', name, 'X', '--to', file);
  const writing = await client(instance);
  await writing.command('GSET', '^|"X"|a', 'newer');
  const drafts = path.join(instance.directory, 'x', '.restore');
  await instance.call('db.restore', { file, overwrite: true });
  await until('the copy is being made', () => Promise.resolve(fs.existsSync(path.join(drafts, 'GEMEL.DAT'))));
  await instance.kill();
  await instance.start();
  expect([await get(instance, 'X', 'a'), fs.readdirSync(drafts)]).toEqual(['newer', []]);
  await json(home, 'db', 'restore', name, '--from', file, '--overwrite');
  expect([await get(instance, 'X', 'a'), fs.readdirSync(drafts)]).toEqual([null, []]);
}, 120_000);

it('a backup that has no room, or is cancelled, leaves nothing behind; a damaged one changes nothing', async () => {
  const instance = await running();
  const { home, name } = instance;
  await json(home, 'db', 'create', name, 'X');
  await fill(instance, 'X', 140);
  const place = path.join(home, 'small');
  const disk = new SmallDisk(place);
  disk.mount();
  onTestFinished(() => disk.remove());
  const full = await gemel(home, 'db', 'backup', name, 'X', '--to', path.join(place, 'backup'));
  expect(full).toMatchObject({ code: 1, err: expect.stringMatching(/disk is full/) });
  expect(fs.readdirSync(place)).toEqual([]);
  const file = path.join(home, 'backup');
  const { job } = await instance.call('db.backup', { databases: ['X'], file });
  await instance.call('job.cancel', { job });
  await until('it has ended', async () => (await jobs(home, name))[0]?.state === 'cancelled');
  expect(fs.readdirSync(home).filter((each) => each.startsWith('backup'))).toEqual([]);
  await json(home, 'db', 'backup', name, 'X', '--to', file);
  const whole = fs.openSync(file, 'r+');
  const at = Math.floor(fs.fstatSync(whole).size / 2);
  const byte = Buffer.alloc(1);
  fs.readSync(whole, byte, 0, 1, at);
  byte[0] = (byte[0] ?? 0) ^ 1;
  fs.writeSync(whole, byte, 0, 1, at);
  fs.closeSync(whole);
  await (await client(instance)).command('GSET', '^|"X"|a', 'kept');
  for (const command of [
    ['verify-backup', file],
    ['restore', name, '--from', file, '--overwrite'],
  ])
    expect(await gemel(home, 'db', ...command)).toMatchObject({
      code: 1,
      err: expect.stringMatching(/damaged at offset \d+: the checksum/),
    });
  expect(await get(instance, 'X', 'a')).toBe('kept');
  fs.truncateSync(file, at);
  expect(await gemel(home, 'db', 'restore', name, '--from', file, '--overwrite')).toMatchObject({
    code: 1,
    err: expect.stringContaining('it ends within'),
  });
  expect(await gemel(home, 'db', 'restore', name, '--from', path.join(instance.directory, 'gemel.cpf'))).toMatchObject({
    code: 1,
    err: expect.stringContaining('no backup'),
  });
  expect(fs.readdirSync(path.join(instance.directory, 'x', '.restore'))).toEqual([]);
}, 180_000);

it('files that are frozen get no writes while updates go on, are a whole database elsewhere, and thaw by themselves', async () => {
  const instance = await running();
  const { home, name } = instance;
  await json(home, 'db', 'create', name, 'X');
  const writing = await client(instance);
  for (let n = 0; n < 200; n++) await writing.command('GSET', `^|"X"|n(${n})`, 'before');
  const before = await instance.call('db.verify', { name: 'X' });
  expect(FreezeView.parse(await json(home, 'db', 'freeze', name, 'X', '--timeout', '600')).databases).toEqual(['X']);
  expect(await gemel(home, 'db', 'freeze', name)).toMatchObject({ code: 1, err: expect.stringContaining('frozen already') });
  for (let n = 0; n < 200; n++) await writing.command('GSET', `^|"X"|n(${n})`, 'during');
  const [source, copy] = [path.join(instance.directory, 'x'), path.join(home, 'snapshot')];
  fs.cpSync(source, copy, { recursive: true });
  expect(await gemel(home, 'db', 'thaw', name)).toMatchObject({ code: 0 });
  expect(verifyDatabase(copy)).toMatchObject({ sound: true, nodes: before.nodes, digest: before.digest });
  expect((await instance.call('db.verify', { name: 'X' })).digest).not.toBe(before.digest);
  expect(await gemel(home, 'db', 'thaw', name)).toMatchObject({ code: 1 });
  await json(home, 'db', 'freeze', name, '--all', '--timeout', '1');
  await until('it has thawed', () => Promise.resolve(instance.messages().includes('[DATABASES_THAWED_LATE]')));
  // A crash while frozen harms nothing.
  await json(home, 'db', 'freeze', name);
  await writing.command('GSET', '^|"X"|last', 'one');
  await instance.kill();
  await instance.start();
  expect(await get(instance, 'X', 'last')).toBe('one');
  await json(home, 'db', 'freeze', name);
  // Nor does it hold the end of the instance up.
  await instance.stop();
  expect(instance.messages()).toContain('by=stop');
}, 90_000);
