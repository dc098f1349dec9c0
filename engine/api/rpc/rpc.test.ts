import fs from 'node:fs';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { GemelError } from '../errors.ts';
import { connectControl, serveControl, Topic, type ControlServer, type Sources } from './index.ts';
import { encodeFrame, FrameReader, type Request } from './frames.ts';

const methods = {
  echo: { params: z.object({ text: z.string(), times: z.number().int().default(1) }), result: z.object({ text: z.string() }) },
  fail: { params: z.object({}), result: z.object({}) },
  bug: { params: z.object({}), result: z.object({}) },
  never: { params: z.object({}), result: z.object({}) },
} as const;
const topics = { numbers: z.object({ n: z.number(), filler: z.string().default('') }) } as const;
type Numbers = { n: number; filler: string };

let directory: string;
let file: string;
let open: { close(): unknown }[];

beforeEach(() => {
  directory = fs.mkdtempSync(path.join(os.tmpdir(), 'gemel-rpc-'));
  file = path.join(directory, 'run', 'control.sock');
  open = [];
});

afterEach(async () => {
  for (const thing of open.reverse()) await thing.close();
  fs.rmSync(directory, { recursive: true, force: true });
});

async function serve(
  at = file,
  sources: Sources<typeof topics> = { numbers: new Topic<Numbers>() },
  faults: unknown[] = [],
): Promise<ControlServer> {
  const server = await serveControl(at, {
    methods,
    handlers: {
      echo: ({ text, times }) => ({ text: text.repeat(times) }),
      fail: () => {
        throw new GemelError('EXISTS', 'It is there.', 'Nothing changed.', 'Take another.');
      },
      bug: () => {
        throw new TypeError('oops');
      },
      never: () => new Promise<never>(() => undefined),
    },
    topics,
    sources,
    onFault: (error) => faults.push(error),
  });
  open.push(server);
  return server;
}

async function connect(at = file, timeoutMs = 5000) {
  const client = await connectControl(at, methods, topics, { timeoutMs });
  open.push(client);
  return client;
}

describe('calls', () => {
  it('carries parameters with their defaults, and results', async () => {
    await serve();
    const client = await connect();
    expect(client.pid).toBe(process.pid);
    expect(await client.call('echo', { text: 'añ' })).toEqual({ text: 'añ' });
    const answers = await Promise.all(Array.from({ length: 200 }, (_, i) => client.call('echo', { text: String(i), times: 2 })));
    expect(answers.map((a) => a.text)).toEqual(Array.from({ length: 200 }, (_, i) => `${i}${i}`));
  });

  it('carries a GemelError whole', async () => {
    await serve();
    const client = await connect();
    await expect(client.call('fail', {})).rejects.toMatchObject({
      name: 'GemelError',
      code: 'EXISTS',
      what: 'It is there.',
      safe: 'Nothing changed.',
      todo: 'Take another.',
    });
  });

  it('tells of a bug as INTERNAL, reports it and lives on', async () => {
    const faults: unknown[] = [];
    await serve(file, undefined, faults);
    const client = await connect();
    await expect(client.call('bug', {})).rejects.toMatchObject({ code: 'INTERNAL' });
    expect(faults).toHaveLength(1);
    expect(await client.call('echo', { text: 'x' })).toEqual({ text: 'x' });
  });

  it('refuses unknown methods and wrong parameters, naming what is wrong', async () => {
    await serve();
    const wider = { ...methods, other: methods.echo };
    const client = await connectControl(file, wider, topics);
    open.push(client);
    await expect(client.call('other', { text: '' })).rejects.toMatchObject({ code: 'USAGE', what: expect.stringContaining('other') });
    await expect(client.call('echo', { text: 'a', times: 0.5 })).rejects.toMatchObject({
      code: 'USAGE',
      what: expect.stringContaining('times'),
    });
  });

  it('ends waiting calls when the server goes', async () => {
    const server = await serve();
    const client = await connect();
    const waiting = client.call('never', {});
    const closed = new Promise<void>((resolve) => client.onClose(resolve));
    const outcome = expect(waiting).rejects.toMatchObject({ code: 'UNREACHABLE' });
    await server.close();
    await Promise.all([outcome, closed]);
    await expect(client.call('echo', { text: '' })).rejects.toMatchObject({ code: 'UNREACHABLE' });
  });

  it('gives up on an answer after the time given', async () => {
    await serve();
    const client = await connect();
    await expect(client.call('never', {}, 10)).rejects.toMatchObject({ code: 'TIMEOUT' });
  });
});

describe('the socket', () => {
  it('is private to its user', async () => {
    await serve();
    expect(fs.statSync(file).mode & 0o777).toBe(0o600);
    expect(fs.statSync(path.dirname(file)).mode & 0o777).toBe(0o700);
  });

  it('is replaced when nobody listens on it, and refused when somebody does', async () => {
    fs.mkdirSync(path.dirname(file));
    const dead = net.createServer().listen(file);
    await new Promise((resolve) => dead.once('listening', resolve));
    // Leaves the file behind as a killed process does: libuv removes it on close, so it is moved away meanwhile.
    fs.renameSync(file, `${file}.kept`);
    await new Promise((resolve) => dead.close(resolve));
    fs.renameSync(`${file}.kept`, file);
    await serve();
    await expect(serve()).rejects.toMatchObject({ code: 'RUNNING' });
    expect(await (await connect()).call('echo', { text: 'still here' })).toEqual({ text: 'still here' });
  });

  it('works under a path too long for a socket, and leaves nothing behind', async () => {
    const long = path.join(directory, 'x'.repeat(120), 'control.sock');
    const server = await serve(long);
    const short = fs.readFileSync(`${long}.path`, 'utf8');
    expect(Buffer.byteLength(short)).toBeLessThan(100);
    expect(await (await connect(long)).call('echo', { text: 'y' })).toEqual({ text: 'y' });
    await server.close();
    expect(fs.existsSync(path.dirname(short))).toBe(false);
    expect(fs.readdirSync(path.dirname(long))).toEqual([]);
  });

  it('says so when nothing is there, or nothing answers', async () => {
    await expect(connect()).rejects.toMatchObject({ code: 'UNREACHABLE' });
    fs.mkdirSync(path.dirname(file));
    const silent = net.createServer().listen(file);
    open.push(silent);
    await new Promise((resolve) => silent.once('listening', resolve));
    await expect(connect(file, 20)).rejects.toMatchObject({ code: 'TIMEOUT' });
  });

  it('drops a client that speaks something else', async () => {
    await serve();
    const stranger = net.connect(file);
    const closed = new Promise((resolve) => stranger.once('close', resolve));
    stranger.resume();
    stranger.write('GET / HTTP/1.1\r\n\r\n');
    await closed;
    expect(await (await connect()).call('echo', { text: 'z' })).toEqual({ text: 'z' });
  });
});

describe('subscriptions', () => {
  it('push the newest value first and then each change, until ended', async () => {
    const topic = new Topic<Numbers>();
    topic.publish({ n: 1, filler: '' });
    await serve(file, { numbers: topic });
    const client = await connect();
    const seen: number[] = [];
    const three = Promise.withResolvers<void>();
    const end = client.subscribe('numbers', ({ n }) => {
      seen.push(n);
      if (n < 3) topic.publish({ n: n + 1, filler: '' });
      else three.resolve();
    });
    await three.promise;
    end();
    await client.call('echo', { text: '' });
    expect(topic.listeners).toBe(0);
    expect(seen).toEqual([1, 2, 3]);
  });

  it('end with the connection', async () => {
    const gone = Promise.withResolvers<void>();
    await serve(file, { numbers: { subscribe: () => () => gone.resolve() } });
    const client = await connect();
    client.subscribe('numbers', () => undefined);
    await client.call('echo', { text: '' });
    client.close();
    await gone.promise;
  });

  it('give a slow client the newest value only', async () => {
    const topic = new Topic<Numbers>();
    await serve(file, { numbers: topic });
    const socket = net.connect(file);
    open.push({ close: () => socket.destroy() });
    await new Promise((resolve) => socket.once('readable', resolve));
    socket.write(encodeFrame({ id: 1, subscribe: 'numbers' }));
    await (await connect()).call('echo', { text: '' });
    const filler = 'f'.repeat(100_000);
    const published = 2000;
    for (let n = 1; n <= published; n++) {
      topic.publish({ n, filler });
      if (n % 100 === 0) await new Promise((resolve) => setImmediate(resolve));
    }
    const frames = new FrameReader();
    const seen: number[] = [];
    await new Promise<void>((resolve) => {
      socket.on('data', (chunk: Buffer) => {
        for (const message of frames.push(chunk)) {
          const push = z.object({ push: z.object({ n: z.number() }) }).safeParse(message);
          if (push.success) seen.push(push.data.push.n);
        }
        if (seen.at(-1) === published) resolve();
      });
    });
    expect(seen.length).toBeLessThan(published / 10);
    expect(seen).toEqual([...seen].sort((a, b) => a - b));
  });
});

describe('frames', () => {
  it('come out whole whatever the pieces', () => {
    const params = fc.jsonValue().filter((value) => !JSON.stringify(value).includes('"__proto__":'));
    const message = fc.record({ id: fc.nat(), call: fc.string(), params });
    fc.assert(
      fc.property(fc.array(message, { maxLength: 8 }), fc.infiniteStream(fc.integer({ min: 1, max: 40 })), (messages, sizes) => {
        const bytes = Buffer.concat(messages.map((m) => encodeFrame(m satisfies Request)));
        const reader = new FrameReader();
        const out: unknown[] = [];
        for (let at = 0; at < bytes.length;) {
          const size = Number(sizes.next().value);
          out.push(...reader.push(bytes.subarray(at, at + size)));
          at += size;
        }
        expect(JSON.stringify(out)).toBe(JSON.stringify(messages));
      }),
    );
  });

  it('never make a key the prototype of what is read', () => {
    const [read] = new FrameReader().push(encodeFrame({ id: 1, call: 'x', params: JSON.parse('{"__proto__":{"admin":true}}') }));
    expect(read).toEqual({ id: 1, call: 'x', params: { __proto_: { admin: true } } });
    expect(read).not.toHaveProperty('params.admin');
  });
});
