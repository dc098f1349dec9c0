import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import { describe, expect, onTestFinished, test } from 'vitest';
import { GemelError } from '../api/errors.ts';
import { AssertionError } from '../io/index.ts';
import { errorReply } from './error-reply.ts';
import { startRig, until, type Rig } from './test-support.ts';

/** Everything that was sent to the superserver before has been handled when this comes back. */
async function othersAreServed({ connect: open }: Rig): Promise<void> {
  const other = await open();
  for (let i = 0; i < 3; i++) {
    other.say('PING');
    await other.hears('+PONG');
  }
  other.socket.destroy();
}

describe('durability', () => {
  test('a reply goes out when its update is durable; later commands are carried out meanwhile', async () => {
    const rig = await startRig({ automatic: false });
    const client = await rig.connect();
    client.say('GSET ^a(1) x', 'GSET ^a(2) y', 'PING');
    await until(() => rig.executor.newestTicket === 2);
    await othersAreServed(rig);
    expect(client.received).toBe('');
    rig.executor.settle(1);
    await client.hears('+OK');
    await othersAreServed(rig);
    expect(client.received).toBe('');
    rig.executor.settle(2);
    await client.hears('+OK', '+PONG');
  });

  test('a read waits for what it shows', async () => {
    const rig = await startRig({ automatic: false });
    const [writer, reader] = [await rig.connect(), await rig.connect()];
    writer.say('GSET ^a(1) x');
    await until(() => rig.executor.newestTicket === 1);
    reader.say('GGET ^a(1)');
    await othersAreServed(rig);
    expect(reader.received).toBe('');
    rig.executor.settle();
    await reader.hears('$1', 'x');
  });

  test('CLIENT DURABILITY async and CLIENT READS local do not wait, JSYNC does', async () => {
    const rig = await startRig({ automatic: false });
    const client = await rig.connect();
    rig.executor.readable = false;
    client.say('CLIENT DURABILITY async', 'CLIENT READS local', 'GSET ^a(1) x', 'GGET ^a(1)');
    await client.hears('+OK', '+OK', '+OK', '$1', 'x');
    client.say('JSYNC');
    await othersAreServed(rig);
    expect(client.received).toBe('');
    rig.executor.settle();
    await client.hears('+OK');
  });

  test('a durable read waits for the read rule', async () => {
    const rig = await startRig();
    const client = await rig.connect();
    rig.executor.readable = false;
    client.say('GGET ^a', 'PING');
    await until(() => rig.clock.pending > 0);
    rig.clock.advance(100);
    await othersAreServed(rig);
    expect(client.received).toBe('');
    rig.executor.readable = true;
    rig.clock.advance(100);
    await client.hears('$-1', '+PONG');
  });

  test('WAIT ends with the updates durable, or with the time', async () => {
    const rig = await startRig({ automatic: false });
    const client = await rig.connect();
    rig.executor.roleNow = { role: 'primary', mirror: 'M', peers: [{ host: 'h', port: 1, position: 5 }] };
    client.say('CLIENT DURABILITY async', 'SET a 1', 'WAIT 1 1000', 'PING');
    await client.hears('+OK', '+OK');
    await until(() => rig.clock.pending === 1);
    rig.clock.advance(1000);
    await client.hears(':0', '+PONG');
    client.say('WAIT 1 0', 'PING');
    await othersAreServed(rig);
    expect(client.received).toBe('');
    rig.executor.settle();
    await client.hears(':1', '+PONG');
  });
});

describe('back-pressure', () => {
  test('a client that does not read holds a bounded amount of memory, and gets everything when it reads', async () => {
    const limits = { output: 256 * 1024 };
    const rig = await startRig({ limits });
    const client = await rig.connect();
    const size = 64 * 1024;
    const count = 800;
    client.command('SET', 'big', 'x'.repeat(size));
    await client.hears('+OK');
    client.socket.pause();
    client.send('*2\r\n$3\r\nGET\r\n$3\r\nbig\r\n'.repeat(count));
    let most = 0;
    await until(() => (most = Math.max(most, rig.superserver.memory.output)) > limits.output);
    await othersAreServed(rig);
    const done = rig.superserver.metrics.commands;
    expect(done).toBeLessThan(count);
    expect(rig.superserver.memory.output).toBeLessThanOrEqual(limits.output + 2 * size);
    let taken = 0;
    client.socket.removeAllListeners('data');
    client.socket.on('data', (chunk: Buffer) => {
      taken += chunk.length;
      most = Math.max(most, rig.superserver.memory.output);
    });
    client.socket.resume();
    await until(() => taken === count * (size + `$${size}\r\n\r\n`.length));
    expect(most).toBeLessThanOrEqual(limits.output + 2 * size);
    await until(() => rig.superserver.memory.output === 0);
  });

  test('commands wait while too many replies are held', async () => {
    const rig = await startRig({ automatic: false, limits: { heldReplies: 10 } });
    const client = await rig.connect();
    client.say(...Array.from({ length: 25 }, (_, i) => `GSET ^a(${i}) x`));
    for (const expected of [10, 20, 25]) {
      await until(() => rig.executor.newestTicket >= expected);
      await othersAreServed(rig);
      expect(rig.executor.newestTicket).toBe(expected);
      rig.executor.settle();
    }
    await client.hears(...Array.from({ length: 25 }, () => '+OK'));
  });

  test('updates wait while the executor is saturated, reads of others do not', async () => {
    const rig = await startRig();
    const [writer, reader] = [await rig.connect(), await rig.connect()];
    rig.executor.saturated = true;
    writer.say('GSET ^a x', 'GGET ^a');
    reader.say('GGET ^a');
    await reader.hears('$-1');
    await othersAreServed(rig);
    expect(rig.executor.newestTicket).toBe(0);
    rig.executor.drain();
    await writer.hears('+OK', '$1', 'x');
  });

  test('one reply has a bound, too', async () => {
    const rig = await startRig({ limits: { reply: 5000 } });
    const client = await rig.connect();
    client.say(`SET a ${'x'.repeat(3000)}`, 'MGET a a', 'MULTI', 'GET a', 'GET a', 'GET none', 'EXEC');
    await client.hears('+OK');
    expect(await client.line()).toMatch(/^-MAXSTRING /);
    await client.hears('+OK', '+QUEUED', '+QUEUED', '+QUEUED', '*3', '$3000', 'x'.repeat(3000));
    expect(await client.line()).toMatch(/^-MAXSTRING /);
    await client.hears('$-1');
  });

  test('unfinished commands of all connections together have a bound', async () => {
    const rig = await startRig({ limits: { totalInput: 300_000 } });
    const clients = [await rig.connect(), await rig.connect(), await rig.connect()];
    for (const client of clients) {
      const before = rig.superserver.memory.input;
      client.send(`*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$1000000\r\n${'x'.repeat(130_000)}`);
      await until(() => rig.superserver.memory.input >= before + 130_000 || client.ended);
    }
    expect(clients.map((c) => c.ended)).toEqual([false, false, true]);
    expect(rig.log.join()).toContain('was cut off');
  });
});

describe('bad input', () => {
  test('half a command and then silence ends the connection with an error', async () => {
    const rig = await startRig();
    const [half, idle] = [await rig.connect(), await rig.connect()];
    idle.say('PING');
    await idle.hears('+PONG');
    half.send('*2\r\n$3\r\nGE');
    await until(() => rig.clock.pending > 0);
    rig.clock.advance(50_000);
    const before = rig.superserver.metrics.bytesIn;
    half.send('T\r\n$');
    await until(() => rig.superserver.metrics.bytesIn > before);
    rig.clock.advance(50_000);
    half.send('1\r\na\r\n*1');
    await half.hears('$-1');
    rig.clock.advance(100_000);
    expect(await half.line()).toMatch(/^-ERR half a command and then silence for 60 s/);
    await half.ends();
    idle.say('PING');
    await idle.hears('+PONG');
    expect(rig.log.join()).toContain('half a command');
  });

  test('a protocol error is told, and nothing behind it is carried out', async () => {
    const rig = await startRig();
    const client = await rig.connect();
    client.send('GSET ^a 1\r\n*1\r\n:5\r\nGSET ^b 1\r\n');
    await client.hears('+OK', "-ERR Protocol error: expected '$', got ':'");
    await client.ends();
    expect([...rig.executor.nodes.values.values()]).toEqual(['1']);
    await until(() => rig.superserver.connectionCount === 0);
  });

  test('a value that is too long is refused, in MULTI with the whole transaction', async () => {
    const rig = await startRig();
    const client = await rig.connect();
    client.command('SET', 'a', 'x'.repeat(3_641_145));
    expect(await client.line()).toMatch(/^-MAXSTRING /);
    client.command('SET', 'a', 'x'.repeat(3_641_144));
    await client.hears('+OK');
    client.command('APPEND', 'a', 'y');
    expect(await client.line()).toMatch(/^-MAXSTRING /);
    client.say('MULTI', 'SET b 1');
    client.command('SET', 'a', 'x'.repeat(4_000_000));
    client.say('EXEC', 'GET b');
    await client.hears('+OK', '+QUEUED');
    expect(await client.line()).toMatch(/^-MAXSTRING /);
    expect(await client.line()).toMatch(/^-EXECABORT /);
    await client.hears('$-1');
  });

  test('unknown commands, wrong counts, bad references: one error each, and a line in the log', async () => {
    const rig = await startRig();
    const client = await rig.connect();
    client.say(
      'FLUSHALL',
      'GSET ^a',
      'GSET a b',
      'SET k v EX 10',
      'SUBSCRIBE x',
      'SENTINEL masters',
      'AUTH me secret',
      'SELECT 3',
      'NAMESPACE NOWHERE',
    );
    await client.hears("-ERR unknown command 'FLUSHALL'", "-ERR wrong number of arguments for 'gset' command");
    expect(await client.line()).toMatch(/^-SYNTAX /);
    expect(await client.line()).toMatch(/^-ERR The option EX of SET is not supported/);
    await client.hears("-ERR unknown command 'SUBSCRIBE'", "-ERR unknown command 'SENTINEL'");
    expect(await client.line()).toMatch(/^-ERR AUTH was called, and no password is set/);
    expect(await client.line()).toMatch(/^-ERR DB index is out of range/);
    expect(await client.line()).toMatch(/^-NAMESPACE There is no namespace NOWHERE/);
    expect(rig.executor.newestTicket).toBe(0);
    expect(rig.log.join('\n')).toContain("unknown command 'FLUSHALL'");
    expect(rig.log.join('\n')).toContain('SYNTAX');
  });

  test('the log is not flooded', async () => {
    const rig = await startRig();
    const client = await rig.connect();
    client.say(...Array.from({ length: 100 }, () => 'NONSENSE'));
    for (let i = 0; i < 100; i++) await client.line();
    expect(rig.log).toHaveLength(5);
    rig.clock.advance(10_000);
    client.say('NONSENSE');
    await client.line();
    expect(rig.log[5]).toContain('95 more');
  });

  test('a web request is cut off before its body is taken for commands', async () => {
    const rig = await startRig();
    const client = await rig.connect();
    client.send('POST / HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\nGSET ^a 1\r\n');
    await client.ends();
    expect([client.received, rig.executor.newestTicket]).toEqual(['', 0]);
  });

  test('a bug of ours in one command is an error for it and a line in the log; a failed check ends the process', async () => {
    const rig = await startRig();
    const client = await rig.connect();
    rig.executor.failure = new TypeError('oops');
    client.say('GSET ^a 1', 'PING');
    expect(await client.line()).toMatch(/^-ERR internal error/);
    await client.hears('+PONG');
    expect(rig.log.join()).toMatch(/^2 .*GSET failed unexpectedly: TypeError: oops/);
    expect(() => errorReply(new AssertionError('x'), { name: 'X', arity: 1, run: () => undefined })).toThrow(AssertionError);
  });

  test('a member that is not primary refuses updates', async () => {
    const rig = await startRig();
    const client = await rig.connect();
    rig.executor.roleNow = { role: 'backup', mirror: 'M', peers: [{ host: 'p', port: 7, position: 9 }] };
    client.say('GSET ^a 1', 'SET a 1', 'MULTI', 'SET a 1', 'EXEC', 'GGET ^a', 'ROLE');
    expect(await client.line()).toMatch(/^-PROTECT /);
    expect(await client.line()).toMatch(/^-READONLY /);
    await client.hears('+OK', '+QUEUED', '*1');
    expect(await client.line()).toMatch(/^-READONLY /);
    await client.hears('$-1', '*5', '$5', 'slave', '$1', 'p', ':7', '$9', 'connected', ':9');
  });
});

describe('locks', () => {
  test('wait across connections, hold up only their own pipeline, and go with the connection', async () => {
    const rig = await startRig();
    const [a, b, c] = [await rig.connect(), await rig.connect(), await rig.connect()];
    a.say('GLOCK ^x(1)');
    await a.hears(':1');
    b.say('GLOCK ^x', 'PING');
    await until(() => rig.locks.waitingCount === 1);
    c.say('GLOCK ^x(1,2) S 0', 'GLOCK ^y', 'GUNLOCK ^y', 'GUNLOCK ^y');
    await c.hears(':0', ':1', ':1', ':0');
    expect(b.received).toBe('');
    a.socket.destroy();
    await b.hears(':1', '+PONG');
  });

  test('the timeout', async () => {
    const rig = await startRig();
    const [a, b] = [await rig.connect(), await rig.connect()];
    a.say('GLOCK ^x S', 'GLOCK ^x S');
    await a.hears(':1', ':1');
    b.say('GLOCK ^x X 500', 'GLOCK ^x S 500');
    await until(() => rig.clock.pending === 1);
    rig.clock.advance(499);
    await othersAreServed(rig);
    expect(b.received).toBe('');
    rig.clock.advance(1);
    await b.hears(':0', ':1');
    expect(rig.locks.waitingCount).toBe(0);
  });

  test('a client that leaves while it waits leaves nothing behind', async () => {
    const rig = await startRig();
    const [a, b] = [await rig.connect(), await rig.connect()];
    a.say('GLOCK ^x');
    await a.hears(':1');
    b.say('GLOCK ^x 1000');
    await until(() => rig.locks.waitingCount === 1);
    b.socket.end();
    await until(() => rig.superserver.connectionCount === 1);
    expect([rig.locks.waitingCount, rig.clock.pending]).toEqual([0, 0]);
    a.say('GUNLOCK ^x');
    await a.hears(':1');
    expect(rig.locks.heldCount).toBe(0);
  });
});

describe('long work', () => {
  async function bigGlobal(rig: Rig): Promise<void> {
    const client = await rig.connect();
    client.say(...Array.from({ length: 500 }, (_, i) => `GSET ^big(${i}) x`), 'QUIT');
    await client.ends();
    expect(rig.executor.nodes.values.size).toBe(500);
  }

  test('holds up its own connection and no other', async () => {
    const rig = await startRig();
    await bigGlobal(rig);
    const [killer, other] = [await rig.connect(), await rig.connect()];
    rig.executor.working = false;
    killer.say('GKILL ^big', 'PING');
    await until(() => rig.superserver.metrics.commands === 502);
    other.say('GSET ^a 1');
    await other.hears('+OK');
    expect(killer.received).toBe('');
    rig.executor.working = true;
    await killer.hears('+OK', '+PONG');
    expect(rig.executor.nodes.values.size).toBe(1);
  });

  test('is finished when its client leaves, and in one go inside MULTI', async () => {
    const rig = await startRig();
    await bigGlobal(rig);
    const client = await rig.connect();
    client.say('MULTI', 'GMERGE ^copy ^big', 'GSET ^a 1', 'EXEC');
    await client.hears('+OK', '+QUEUED', '+QUEUED', '*2', '+OK', '+OK');
    expect(rig.executor.nodes.values.size).toBe(1001);
    rig.executor.working = false;
    client.say('GKILL ^big');
    await until(() => rig.superserver.metrics.commands === 506);
    client.socket.resetAndDestroy();
    await until(() => rig.superserver.connectionCount === 0);
    expect(rig.executor.sessions.size).toBe(1);
    rig.executor.working = true;
    await until(() => rig.executor.sessions.size === 0);
    expect(rig.executor.nodes.values.size).toBe(501);
  });
});

describe('connections', () => {
  test('what somebody else has read from the socket already is handed over with it', async () => {
    const rig = await startRig();
    const front = createServer((socket) => {
      socket.once('data', (head: Buffer) => {
        socket.pause();
        rig.superserver.attach(socket, head);
      });
    });
    front.listen(0, '127.0.0.1');
    await once(front, 'listening');
    onTestFinished(() => void front.close());
    const address = front.address();
    if (address === null || typeof address === 'string') throw new Error('no address');
    const socket = connect(address.port, '127.0.0.1');
    onTestFinished(() => void socket.destroy());
    let received = '';
    socket.on('data', (chunk: Buffer) => (received += chunk.toString()));
    socket.write('PING\r\nECHO a');
    await until(() => received === '+PONG\r\n');
    socket.write('b\r\n');
    await until(() => received === '+PONG\r\n$2\r\nab\r\n');
  });

  test('a client that ends its side gets its replies, and its transaction is rolled back', async () => {
    const rig = await startRig({ automatic: false });
    const client = await rig.connect();
    client.say('TSTART', 'GSET ^a 1');
    client.socket.end();
    await until(() => rig.executor.newestTicket === 1);
    expect(rig.executor.nodes.values.size).toBe(1);
    rig.executor.settle();
    await client.hears(':1', '+OK');
    await client.ends();
    await until(() => rig.executor.sessions.size === 0);
    expect(rig.executor.nodes.values.size).toBe(0);
  });

  test('can be cut, and with them the replies that were held', async () => {
    const rig = await startRig({ automatic: false });
    const client = await rig.connect();
    client.say('GSET ^a 1');
    await until(() => rig.executor.newestTicket === 1);
    rig.superserver.disconnectAll();
    rig.executor.settle();
    await client.ends();
    expect(client.received).toBe('');
    const next = await rig.connect();
    next.say('GGET ^a');
    await next.hears('$1', '1');
  });

  test('can be cut with a reason, which those who wait are told', async () => {
    const rig = await startRig({ automatic: false });
    const [waiting, idle] = [await rig.connect(), await rig.connect()];
    waiting.say('GSET ^a 1', 'GSET ^b 1');
    idle.say('PING');
    await idle.hears('+PONG');
    await until(() => rig.executor.newestTicket === 2);
    rig.superserver.disconnectAll('The disk is full.');
    rig.executor.settle();
    await Promise.all([waiting.ends(), idle.ends()]);
    expect(waiting.received).toBe('-ERR The disk is full.\r\n');
    expect(idle.received).toBe('');
    expect(rig.executor.sessions.size).toBe(0);
  });

  test('there is a most of them', async () => {
    const rig = await startRig({ limits: { connections: 1 } });
    const first = await rig.connect();
    first.say('PING');
    await first.hears('+PONG');
    const second = await rig.connect();
    await second.hears('-ERR max number of clients reached');
    await second.ends();
  });

  test('a port in use is an error of its own', async () => {
    const rig = await startRig();
    await expect(rig.superserver.listen('127.0.0.1', rig.port)).rejects.toThrow(expect.objectContaining({ code: 'PORT_IN_USE' }));
    await expect(rig.superserver.listen('127.0.0.1', rig.port)).rejects.toThrow(GemelError);
  });

  test('CLIENT LIST, RESET and QUIT', async () => {
    const rig = await startRig();
    const client = await rig.connect();
    client.say('CLIENT SETNAME worker', 'NAMESPACE OTHER', 'TSTART', 'GSET ^a 1', 'GLOCK ^a', 'MULTI', 'CLIENT LIST');
    await client.hears('+OK', '+OK', ':1', '+OK', ':1', '+OK', '+QUEUED');
    client.say('EXEC');
    await client.hears('*1');
    await client.line();
    const [list] = client.received.split('\n');
    expect(list).toMatch(/^id=\d+ addr=127\.0\.0\.1:\d+ .*name=worker .*namespace=OTHER tlevel=1 .*durability=sync reads=durable/);
    client.received = '';
    client.say('RESET', 'NAMESPACE', 'TLEVEL', 'CLIENT GETNAME', 'GGET ^a', 'QUIT');
    await until(() => client.ended);
    expect(client.received.split('\r\n').filter((l) => l !== '')).toEqual(
      expect.arrayContaining(['+RESET', '$4', 'USER', ':0', '$-1', '$-1', '+OK']),
    );
    expect(rig.locks.heldCount).toBe(0);
  });
});
