import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import net from 'node:net';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { RespClient, RespError } from '../engine/cli/resp-client.ts';
import { instancePaths } from '../engine/instance/host.ts';
import { updateSettings } from '../engine/instance/settings.ts';
import { BareInstance } from './support/bare-instance.ts';
import { makePair } from './support/pair.ts';
import { until } from './support/until.ts';

const isRoot = process.getuid?.() === 0;
/** Nobody: has no right to what root made. */
const NOBODY = 65_534;

let instance: BareInstance;

beforeEach(async () => {
  instance = new BareInstance();
  await instance.create();
});
afterEach(() => instance.remove());

const connect = (): Promise<RespClient> => RespClient.connect('127.0.0.1', instance.port);
const severe = (): string[] =>
  instance
    .messages()
    .split('\n')
    .filter((line) => / 3 /.test(line));

/** Counts what was set and acknowledged until a set is refused or the connection is lost; gives what it was told. */
async function fill(client: RespClient): Promise<{ acknowledged: number; error: Error }> {
  for (let acknowledged = 0; ; acknowledged += 1) {
    try {
      await client.command('GSET', `^x(${acknowledged})`, `${acknowledged} ${'v'.repeat(20_000)}`);
    } catch (error) {
      if (error instanceof Error) return { acknowledged, error };
      throw error;
    }
  }
}

async function expectFilled(client: RespClient, acknowledged: number): Promise<void> {
  for (let n = 0; n < acknowledged; n++) expect(String(await client.command('GGET', `^x(${n})`)).split(' ')[0]).toBe(String(n));
}

function mountTmpfs(directory: string, megabytes: number): void {
  execFileSync('/bin/mount', ['-t', 'tmpfs', '-o', `size=${megabytes}m,mode=700`, 'tmpfs', directory]);
}

describe('an instance does not start, and says why,', () => {
  it('on a port in use; it starts once that is free', async () => {
    const squatter = net.createServer();
    await new Promise<void>((resolve) => squatter.listen(instance.port, '127.0.0.1', resolve));
    expect(await instance.refusal()).toMatchObject({ code: 'PORT_IN_USE', what: expect.stringContaining(String(instance.port)) as string });
    expect(severe().some((line) => line.includes(String(instance.port)))).toBe(true);
    await new Promise((resolve) => squatter.close(resolve));
    await instance.start();
  });

  it.skipIf(!isRoot)('without rights in its directory', async () => {
    for (const each of [instance.home, path.join(instance.home, 'instances')]) fs.chmodSync(each, 0o755);
    expect(await instance.refusal(NOBODY)).toMatchObject({ code: 'RIGHTS', what: expect.stringContaining(instance.directory) as string });
    await instance.start();
  });

  it('in a directory that is foreign, or lacks a part', async () => {
    const { settings, journal } = instancePaths(instance.directory);
    fs.renameSync(journal, `${journal}.away`);
    expect(await instance.refusal()).toMatchObject({ code: 'DAMAGED', what: expect.stringContaining(journal) as string });
    fs.renameSync(`${journal}.away`, journal);
    fs.renameSync(settings, `${settings}.away`);
    expect(await instance.refusal()).toMatchObject({ code: 'DAMAGED', what: expect.stringContaining('gemel.cpf') as string });
    fs.renameSync(`${settings}.away`, settings);
    updateSettings(settings, (s) => ({ ...s, Startup: { ...s.Startup, InstanceName: 'K' } }));
    await instance.start();
  });

  it('over a damaged journal, of which nothing is changed', async () => {
    await instance.start();
    const client = await connect();
    for (let n = 0; n < 100; n++) await client.command('GSET', `^x(${n})`, 'kept');
    await instance.kill();
    const { journal } = instancePaths(instance.directory);
    const [file] = fs.readdirSync(journal);
    const before = fs.readFileSync(path.join(journal, file ?? ''));
    // In the middle of what was acknowledged, with sound blocks behind it.
    const damaged = Buffer.from(before);
    damaged.write('damage', 6000);
    fs.writeFileSync(path.join(journal, file ?? ''), damaged);
    expect(await instance.refusal()).toMatchObject({ code: 'DAMAGED', what: expect.stringContaining(file ?? '?') as string });
    expect(fs.readFileSync(path.join(journal, file ?? '')).equals(damaged)).toBe(true);
    fs.writeFileSync(path.join(journal, file ?? ''), before);
    await instance.start();
    const again = await connect();
    expect(await again.command('GGET', '^x(99)')).toBe('kept');
  });
});

describe('a management call is refused with a sentence', () => {
  it('for names and addresses that cannot be, and for what is not there', async () => {
    await instance.start();
    const member = { name: 'OK', member: 'M' };
    const calls = [
      [() => instance.call('mirror.create', { ...member, name: 'NOT OK' }), 'NAME'],
      [() => instance.call('mirror.create', { ...member, name: 'SIXTEENLETTERSXX' }), 'NAME'],
      [() => instance.call('mirror.create', { ...member, member: 'A B', agentAddress: '127.0.0.1:1' }), 'NAME'],
      [() => instance.call('mirror.create', { ...member, member: 'M'.repeat(33), agentAddress: '127.0.0.1:1' }), 'NAME'],
      [() => instance.call('mirror.create', { ...member, agentAddress: '127.0.0.1:1', arbiter: 'nowhere' }), 'NAME'],
      [() => instance.call('mirror.create', member), 'REFUSED'],
      [
        () => instance.call('mirror.join', { mirror: 'OK', as: 'failover', agent: '127.0.0.1:1', via: 'A', agentAddress: '127.0.0.1:1' }),
        'UNREACHABLE',
      ],
      [() => instance.call('mirror.status', {}), 'REFUSED'],
      [() => instance.call('db.create', { name: '1ST' }), 'NAME'],
      [() => instance.call('db.create', { name: 'USER' }), 'EXISTS'],
      [() => instance.call('db.create', { name: 'X', mirrored: true }), 'REFUSED'],
      [() => instance.call('db.create', { name: 'X', mirrorDatabase: 'Y' }), 'USAGE'],
      [() => instance.call('db.verify', { name: 'NONE' }), 'NOT_FOUND'],
    ] as const;
    for (const [call, code] of calls) await expect(call()).rejects.toMatchObject({ code });
    expect((await instance.call('db.list', {})).map(({ name }) => name)).toEqual(['USER']);
    expect(instance.alive).toBe(true);
  });
});

describe.skipIf(!isRoot)('a full disk (needs root for a small file system)', () => {
  let mounted: string | undefined;
  afterEach(async () => {
    if (instance.alive) await instance.kill();
    if (mounted !== undefined) execFileSync('/bin/umount', [mounted]);
    mounted = undefined;
  });

  function mountAt(directory: string, megabytes: number): void {
    mountTmpfs(directory, megabytes);
    mounted = directory;
  }

  async function extendAndRestart(directory: string, acknowledged: number): Promise<void> {
    await instance.kill();
    execFileSync('/bin/mount', ['-o', 'remount,size=512m', directory]);
    await instance.start();
    const client = await connect();
    await expectFilled(client, acknowledged);
    expect(await client.command('GSET', '^goesOn', '1')).toBe('OK');
    client.close();
  }

  it('under the journal: the client is told, messages.log says so, reads go on, nothing acknowledged is lost', async () => {
    const { journal } = instancePaths(instance.directory);
    mountAt(journal, 6);
    await instance.start();
    const { acknowledged, error } = await fill(await connect());
    expect(acknowledged).toBeGreaterThan(10);
    expect(error).toBeInstanceOf(RespError);
    expect(error.message).toMatch(/journal can no longer be used.*disk is full/);
    expect(severe()).toHaveLength(1);
    expect(severe()[0]).toContain('disk is full');
    const client = await connect();
    await expectFilled(client, acknowledged);
    await expect(client.command('GSET', '^x', '1')).rejects.toMatchObject({ code: 'DATABASE' });
    await expect(client.command('GKILL', '^x')).rejects.toMatchObject({ code: 'DATABASE' });
    expect((await instance.call('instance.status', {})).state).toBe('running');
    await extendAndRestart(journal, acknowledged);
  });

  it('under a database: its updates are refused before they fill the memory, reads go on, the journal has everything', async () => {
    await instance.start();
    await instance.stop();
    const database = path.join(instance.directory, 'user');
    fs.renameSync(database, `${database}.away`);
    fs.mkdirSync(database);
    mountAt(database, 3);
    fs.cpSync(`${database}.away`, database, { recursive: true });
    await instance.start();
    const client = await connect();
    const { acknowledged, error } = await fill(client);
    expect(error).toMatchObject({ code: 'DATABASE', message: expect.stringContaining('disk is full') as string });
    await expectFilled(client, acknowledged);
    expect(instance.messages()).toContain('The database USER takes no more updates');
    await extendAndRestart(database, acknowledged);
  });

  it('under everything: the client is told, the process lives, nothing acknowledged is lost', async () => {
    const away = `${instance.directory}.away`;
    fs.renameSync(instance.directory, away);
    fs.mkdirSync(instance.directory);
    mountAt(instance.directory, 16);
    fs.cpSync(away, instance.directory, { recursive: true });
    await instance.start();
    const { acknowledged, error } = await fill(await connect());
    expect(acknowledged).toBeGreaterThan(10);
    expect(error.message).toMatch(/disk is full|no more room/);
    expect((await instance.call('instance.status', {})).state).toBe('running');
    await extendAndRestart(instance.directory, acknowledged);
  });
});

describe.skipIf(!isRoot)("a full disk under a primary's mirror journal (needs root for a small file system)", () => {
  it('makes the active backup take over with everything acknowledged; the former primary ends, and only a person starts it', async () => {
    const pair = await makePair();
    const { a, b } = pair;
    const { journal } = instancePaths(a.directory);
    let mounted = false;
    try {
      await a.stop();
      await b.sees({ B: 'Primary' });
      fs.renameSync(journal, `${journal}.away`);
      fs.mkdirSync(journal);
      mountTmpfs(journal, 40);
      mounted = true;
      fs.cpSync(`${journal}.away`, journal, { recursive: true });
      await a.start();
      await pair.ready(b);
      await b.call('mirror.switchOver', {});
      await pair.ready(a);

      const client = await RespClient.connect('127.0.0.1', a.port);
      await client.command('NAMESPACE', 'DB');
      const { acknowledged } = await fill(client);
      expect(acknowledged).toBeGreaterThan(10);
      await b.sees({ B: 'Primary' });
      await until('A has ended', () => Promise.resolve(!a.running));
      expect(a.messages()).toMatch(/ 3 .*JOURNAL_ERROR.*updates of DB are refused/);
      expect(a.messages()).toMatch(/ 2 \[JOURNAL_FAILED\] .*\(why=/);
      const onB = await RespClient.connect('127.0.0.1', b.port);
      await onB.command('NAMESPACE', 'DB');
      await expectFilled(onB, acknowledged);
    } finally {
      if (a.running) await a.kill();
      // Its agent may be reading there for a moment.
      if (mounted) execFileSync('/bin/umount', ['-l', journal]);
      await pair.stop();
    }
  });
});
