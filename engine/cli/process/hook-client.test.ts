import net from 'node:net';
import { afterEach, beforeEach, expect, it } from 'vitest';
import type { WriteBar } from '../../instance/executor/index.ts';
import { Workbench } from '../../instance/executor/test-support.ts';
import { LockTable } from '../../instance/locks.ts';
import { hookExecutor } from '../../instance/member/index.ts';
import { realClock } from '../../io/index.ts';
import { createSuperserver, type Superserver } from '../../superserver/index.ts';
import { RespClient } from '../resp-client.ts';
import { hookClient } from './hook-client.ts';

const bar: WriteBar = { code: 'PROTECT', what: 'This member is not open for users yet.', todo: '' };
let bench: Workbench;
let users: Superserver;
let forHooks: Superserver;
let user: RespClient;

beforeEach(async () => {
  bench = new Workbench();
  // Nothing becomes durable in this journal: as while a member is becoming primary.
  const database = bench.database('M', await bench.port('mirror'));
  bench.executor.namespaces.define('USER', 'M');
  database.bar = bar;
  const lifted = <T>(act: () => T): T => {
    database.bar = null;
    try {
      return act();
    } finally {
      database.bar = bar;
    }
  };
  const common = { locks: new LockTable(), clock: realClock, log: () => undefined };
  users = createSuperserver({ ...common, executor: bench.executor });
  forHooks = createSuperserver({ ...common, executor: hookExecutor(bench.executor, lifted) });
  const { host, port } = await users.listen('127.0.0.1', 0);
  user = await RespClient.connect(host, port);
  await user.command('CLIENT', 'READS', 'local');
});

afterEach(async () => {
  user.close();
  await users.close();
  await forHooks.close();
  await bench.remove();
});

it('a hook writes, transactions and long work included, where users may not, and is answered though nothing is durable yet', async () => {
  const hook = hookClient(forHooks);
  expect(await hook.command(['GSET', '^a(1)', 'hook'])).toBe('OK');
  await expect(user.command('GSET', '^a(1)', 'user')).rejects.toMatchObject({ code: 'PROTECT' });
  await hook.command(['TSTART']);
  for (let n = 0; n < 700; n++) await hook.command(['GSET', `^b(${n})`, 'x']);
  await hook.command(['TCOMMIT']);
  // More than one turn's work: users stay out between its pieces too.
  const killed = hook.command(['GKILL', '^b']);
  const refused = user.command('GSET', '^b(1)', 'user').then(
    () => 'let in',
    (error: { code: string }) => error.code,
  );
  await killed;
  expect(await refused).toBe('PROTECT');
  expect([await user.command('GGET', '^a(1)'), await user.command('GDATA', '^b')]).toEqual(['hook', 0]);
  hook.close();
  await expect(hook.command(['GSET', '^a(2)', 'late'])).rejects.toThrow('The hook has ended.');
  await expect(user.command('GSET', '^a(2)', 'user')).rejects.toMatchObject({ code: 'PROTECT' });
});

it('nobody else gets in by the way that the hook takes', async () => {
  const { listen } = net.Server.prototype;
  const knocked: Promise<string>[] = [];
  // Whoever watches the ports of this host and is quicker than the hook.
  net.Server.prototype.listen = function (this: net.Server, ...args: unknown[]): net.Server {
    this.once('listening', () => {
      const { port } = this.address() as net.AddressInfo;
      const stranger = net.connect(port, '127.0.0.1');
      knocked.push(
        new Promise((resolve) => {
          stranger.on('error', () => undefined);
          stranger.on('data', () => resolve('served'));
          stranger.on('close', () => resolve('closed'));
          stranger.write('GSET ^a(1) stranger\r\n');
        }),
      );
    });
    return Reflect.apply(listen, this, args) as net.Server;
  };
  try {
    const hook = hookClient(forHooks);
    expect(await hook.command(['GGET', '^a(1)'])).toBeNull();
    expect(await Promise.all(knocked)).toEqual(['closed']);
    hook.close();
  } finally {
    net.Server.prototype.listen = listen;
  }
});
