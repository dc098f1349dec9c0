import { Redis } from 'ioredis';
import { createClient } from 'redis';
import { describe, expect, onTestFinished, test } from 'vitest';
import { startRig, type Rig } from './test-support.ts';

const BINARY = Buffer.from(Array.from({ length: 256 }, (_, i) => i));

function ioredis(rig: Rig): Redis {
  const client = new Redis({ port: rig.port, host: '127.0.0.1', retryStrategy: () => null });
  onTestFinished(() => client.disconnect());
  return client;
}

async function nodeRedis(rig: Rig, protocol: 2 | 3) {
  const client = createClient({ socket: { port: rig.port, host: '127.0.0.1', reconnectStrategy: false }, RESP: protocol });
  await client.connect();
  onTestFinished(() => client.destroy());
  return client;
}

describe('ioredis', () => {
  test('keys and values', async () => {
    const client = ioredis(await startRig());
    expect(await client.set('a', '1')).toBe('OK');
    expect(await client.get('a')).toBe('1');
    expect(await client.get('none')).toBeNull();
    expect(await client.set('a', '2', 'NX')).toBeNull();
    expect(await client.set('a', '2', 'XX', 'GET')).toBe('1');
    expect(await client.set('b', '9', 'XX')).toBeNull();
    expect(await client.mset('x', '1', 'y', '2', 'z', '3')).toBe('OK');
    expect(await client.mget('x', 'none', 'z')).toEqual(['1', null, '3']);
    expect(await client.exists('x', 'x', 'none')).toBe(2);
    expect(await client.del('x', 'none')).toBe(1);
    expect(await client.dbsize()).toBe(3);
    expect(await client.append('z', 'zz')).toBe(3);
    expect(await client.strlen('z')).toBe(3);
    await client.set('n', '9223372036854775806');
    expect(await client.incr('n')).toBe(9223372036854775807);
    await expect(client.incr('n')).rejects.toThrow('ERR increment or decrement would overflow');
    await expect(client.incr('z')).rejects.toThrow('ERR value is not an integer or out of range');
    expect(await client.decrby('a', 5)).toBe(-3);
    expect(await client.wait(0, 0)).toBe(0);
    expect(await client.role()).toEqual(['master', 0, []]);
    expect(await client.info()).toContain('role:master');
    expect(await client.config('GET', 'proto-*')).toEqual(['proto-max-bulk-len', '3641144']);
  });

  test('globals', async () => {
    const client = ioredis(await startRig());
    const ask = (...args: (string | Buffer)[]): Promise<unknown> => client.call(args[0] as string, ...args.slice(1));
    expect(await ask('GSET', '^acct(1,"bal")', '100')).toBe('OK');
    expect(await ask('GSET', '^acct(2,"bal")', '200')).toBe('OK');
    expect(await ask('GSET', '^acct(10)', 'ten')).toBe('OK');
    expect(await ask('GGET', '^acct(1,"bal")')).toBe('100');
    expect([await ask('GDATA', '^acct'), await ask('GDATA', '^acct(10)'), await ask('GDATA', '^none')]).toEqual([10, 1, 0]);
    expect([
      await ask('GORDER', '^acct("")'),
      await ask('GORDER', '^acct(2)'),
      await ask('GORDER', '^acct("")', '-1'),
      await ask('GORDER', '^acct(10)'),
    ]).toEqual(['1', '10', '10', '']);
    expect(await ask('GQUERY', '^acct')).toBe('^acct(1,"bal")');
    expect(await ask('GINCR', '^acct(1,"bal")', '.5')).toBe('100.5');
    expect(await ask('GMERGE', '^copy', '^acct')).toBe('OK');
    expect(await ask('GZKILL', '^copy(10)')).toBe('OK');
    expect(await ask('GSCAN', '^copy')).toEqual(['0', ['^copy(1,"bal")', '100.5', '^copy(2,"bal")', '200']]);
    expect(await ask('GKILL', '^copy')).toBe('OK');
    expect(await ask('GDATA', '^copy')).toBe(0);
    await expect(ask('GSET', '^acct(', '1')).rejects.toThrow(/^SYNTAX /);
    await expect(ask('GSET', '^acct("")', '1')).rejects.toThrow(/^SUBSCRIPT /);
    await expect(ask('GORDER', '^acct(1)', '2')).rejects.toThrow(/^ERR The direction/);
    expect(await client.callBuffer('GSET', '^bin', BINARY)).toEqual(Buffer.from('OK'));
    expect(await client.callBuffer('GGET', '^bin')).toEqual(BINARY);
  });

  test('GSCAN goes through a global page by page', async () => {
    const client = ioredis(await startRig());
    const pipeline = client.pipeline();
    for (let i = 0; i < 100; i++) pipeline.call('GSET', `^p(${i},"x")`, String(i));
    await pipeline.exec();
    const seen: string[] = [];
    let cursor = '0';
    let pages = 0;
    do {
      const [next, page] = (await client.call('GSCAN', '^p', 'CURSOR', cursor, 'COUNT', '30')) as [string, string[]];
      seen.push(...page.filter((_, i) => i % 2 === 1));
      cursor = next;
      pages++;
    } while (cursor !== '0');
    expect(seen).toEqual(Array.from({ length: 100 }, (_, i) => String(i)));
    expect(pages).toBe(4);
    await expect(client.call('GSCAN', '^p', 'CURSOR', 'zz')).rejects.toThrow(/^ERR That is not a cursor/);
  });

  test('transactions of the globals world nest and roll back', async () => {
    const client = ioredis(await startRig());
    expect([await client.call('TSTART'), await client.call('TSTART')]).toEqual([1, 2]);
    await client.call('GSET', '^t', '1');
    expect([await client.call('TROLLBACK', '1'), await client.call('TLEVEL'), await client.call('GGET', '^t')]).toEqual([1, 1, null]);
    await client.call('GSET', '^t', '2');
    expect([await client.call('TCOMMIT'), await client.call('GGET', '^t')]).toEqual([0, '2']);
    await expect(client.call('TCOMMIT')).rejects.toThrow(/^TRANSACTION /);
  });

  test('a pipeline of thousands of commands', async () => {
    const client = ioredis(await startRig());
    const pipeline = client.pipeline();
    for (let i = 0; i < 5000; i++) pipeline.set(`k${i}`, `v${i}`).get(`k${i}`);
    const replies = await pipeline.exec();
    expect(replies).toHaveLength(10_000);
    expect(replies?.every(([error, value], i) => error === null && value === (i % 2 === 0 ? 'OK' : `v${(i - 1) / 2}`))).toBe(true);
  });

  test('SCAN finds each key once', async () => {
    const client = ioredis(await startRig());
    const keys = Array.from({ length: 150 }, (_, i) => `key:${i}`);
    await client.mset(...keys.flatMap((k) => [k, 'v']), 'other', 'v');
    const found: string[] = [];
    for await (const page of client.scanStream({ match: 'key:*', count: 20 })) found.push(...(page as string[]));
    expect(found.sort()).toEqual([...keys].sort());
    await expect(client.scan('12345')).rejects.toThrow('ERR The cursor is unknown');
  });

  test('a value as long as values may be', async () => {
    const client = ioredis(await startRig());
    const value = Buffer.alloc(3_641_144, BINARY);
    await client.set('big', value);
    expect((await client.getBuffer('big'))?.equals(value)).toBe(true);
    await expect(client.set('big', Buffer.alloc(3_641_145))).rejects.toThrow(/^MAXSTRING/);
    expect(await client.ping()).toBe('PONG');
  });

  test('MULTI, WATCH and their failures', async () => {
    const rig = await startRig();
    const [one, other] = [ioredis(rig), ioredis(rig)];
    expect(await one.multi().set('a', '1').incr('a').call('GSET', '^g', 'x').get('a').exec()).toEqual([
      [null, 'OK'],
      [null, 2],
      [null, 'OK'],
      [null, '2'],
    ]);
    await one.watch('a');
    await other.set('a', '7');
    expect(await one.multi().set('a', '8').exec()).toBeNull();
    await one.watch('a');
    expect(await one.multi().set('a', '8').exec()).toEqual([[null, 'OK']]);
    const failing = await one.multi().set('text', 'x').incr('text').set('after', '1').exec();
    expect(failing?.map(([error]) => error?.message ?? null)).toEqual([null, 'ERR value is not an integer or out of range', null]);
    await expect(one.multi().call('NONSENSE').exec()).rejects.toThrow('EXECABORT');
    await expect(one.multi().call('TSTART').exec()).rejects.toThrow('EXECABORT');
    expect(await one.get('after')).toBe('1');
    await one.call('GWATCH', '^g(1)', '^h');
    await other.call('GSET', '^g(1)', 'y');
    expect(await one.multi().call('GSET', '^h', 'x').exec()).toBeNull();
    await one.call('GWATCH', '^g(1)');
    expect(await one.multi().call('GSET', '^h', 'x').exec()).toEqual([[null, 'OK']]);
    expect([...rig.executor.watches.values()].reduce((sum, watches) => sum + watches.size, 0)).toBe(0);
  });
});

describe('node-redis', () => {
  test.each([2, 3] as const)('RESP%i', async (protocol) => {
    const client = await nodeRedis(await startRig(), protocol);
    expect(await client.ping()).toBe('PONG');
    expect(await client.set('a', 'ä€')).toBe('OK');
    expect(await client.get('a')).toBe('ä€');
    expect(await client.get('none')).toBeNull();
    expect(await Promise.all([client.incr('n'), client.incr('n'), client.incrBy('n', 40)])).toEqual([1, 2, 42]);
    expect(await client.multi().set('m', '1').get('m').exec()).toEqual(['OK', '1']);
    expect(await client.configGet('databases')).toEqual({ databases: '1' });
    expect(await client.clientInfo()).toMatchObject({ resp: protocol });
    expect(await client.info('replication')).toContain('role:master');
    expect(await client.role()).toMatchObject({ role: 'master', replicas: [] });
    const keys: string[] = [];
    for await (const page of client.scanIterator()) keys.push(...page);
    expect(keys.sort()).toEqual(['a', 'm', 'n']);
    await expect(client.sendCommand(['FLUSHALL'])).rejects.toThrow("ERR unknown command 'FLUSHALL'");
  });

  test('HELLO says who answers', async () => {
    const client = await nodeRedis(await startRig(), 3);
    expect(await client.hello()).toMatchObject({ server: 'gemel', proto: 3, mode: 'standalone', role: 'master', modules: [] });
    await expect(client.sendCommand(['HELLO', '4'])).rejects.toThrow('NOPROTO');
    await expect(client.sendCommand(['HELLO', '3', 'AUTH', 'me', 'secret'])).rejects.toThrow('no password is set');
  });
});
