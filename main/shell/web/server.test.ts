import http from 'node:http';
import net from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { GemelError } from '../../../engine/api/errors.ts';
import type { ConsoleMain, PageSink } from '../../console/index.ts';
import { PagePort } from '../../console/page.ts';
import { startWebShell } from './server.ts';
import type { WebShell } from './server.ts';

interface Answer {
  status: number;
  headers: http.IncomingHttpHeaders;
  body: string;
}

let shell: WebShell;
let pages: Map<PagePort, PageSink>;
let received: unknown[];
let gone: PromiseWithResolvers<void>;

/** A console's main process that only notes who connects and what they say. */
const main: ConsoleMain = {
  onAlert: () => () => undefined,
  connect: (sink) => {
    const page = Object.create(PagePort.prototype) as PagePort;
    page.receive = (frame) => {
      if (frame === undefined || (typeof frame === 'object' && frame !== null && 'bad' in frame))
        throw new GemelError('USAGE', 'No frame.');
      received.push(frame);
      sink.send({ kind: 'result', id: 1, value: 'heard' });
    };
    pages.set(page, sink);
    return page;
  },
  disconnect: (page) => {
    pages.delete(page);
    gone.resolve();
  },
  close: () => undefined,
};

beforeEach(async () => {
  pages = new Map();
  received = [];
  gone = Promise.withResolvers();
  const page = { body: Buffer.from('<!doctype html>page'), type: 'text/html; charset=utf-8' };
  const assets = new Map([
    ['/', page],
    ['/index.html', page],
    ['/assets/a.js', { body: Buffer.from('1'), type: 'text/javascript; charset=utf-8' }],
  ]);
  shell = await startWebShell({ console: main, assets, port: 0 });
});
afterEach(() => shell.close());

function get(path: string, headers: http.OutgoingHttpHeaders = {}, method = 'GET'): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const request = http.request({ host: '127.0.0.1', port: shell.port, path, method, headers }, (response) => {
      let body = '';
      response.setEncoding('utf8').on('data', (chunk: string) => (body += chunk));
      response.on('end', () => resolve({ status: response.statusCode ?? 0, headers: response.headers, body }));
    });
    request.on('error', reject).end();
  });
}

function pathOf(address: string): string {
  const url = new URL(address);
  return url.pathname + url.search;
}

async function cookie(): Promise<string> {
  const answer = await get(pathOf(shell.newAddress()));
  return String(answer.headers['set-cookie']?.[0]).split(';')[0] ?? '';
}

function dial(headers: Record<string, string>, path = '/ws'): Promise<WebSocket | number> {
  return new Promise((resolve) => {
    const socket = new WebSocket(`ws://127.0.0.1:${shell.port}${path}`, { headers });
    socket.once('open', () => resolve(socket));
    socket.once('unexpected-response', (_request, response) => {
      response.resume();
      resolve(response.statusCode ?? 0);
    });
    socket.on('error', () => undefined);
  });
}

const origin = (): string => `http://127.0.0.1:${shell.port}`;

describe('the web shell', () => {
  it('turns a token into a cookie once and away from the address bar', async () => {
    const path = pathOf(shell.newAddress());
    const first = await get(path);
    expect([first.status, first.headers.location]).toEqual([303, '/']);
    expect(first.headers['set-cookie']?.[0]).toMatch(/^gemel-\d+=[\w-]{40,}; HttpOnly; SameSite=Strict; Path=\/$/);
    expect((await get(path)).status).toBe(401);
    expect((await get('/?token=guess')).status).toBe(401);
  });

  it('serves the page to who has the cookie, with a strict policy, and nothing else', async () => {
    const mine = { cookie: await cookie() };
    const page = await get('/', mine);
    expect([page.status, page.body]).toEqual([200, '<!doctype html>page']);
    expect(page.headers['content-security-policy']).toContain("default-src 'none'; script-src 'self';");
    expect(page.headers['content-security-policy']).toContain("frame-ancestors 'none'");
    expect(page.headers['x-content-type-options']).toBe('nosniff');
    for (const path of ['/../package.json', '/..%2fpackage.json', '/assets/../../x', '/assets/', '//etc/passwd', '/%']) {
      expect([path, (await get(path, mine)).status]).toEqual([path, 404]);
    }
    expect((await get('/', mine, 'POST')).status).toBe(405);
    expect((await get('/assets/a.js', mine, 'HEAD')).body).toBe('');
  });

  it('lets nobody in without the cookie, and nobody with another one', async () => {
    await cookie();
    expect((await get('/')).status).toBe(401);
    expect((await get('/assets/a.js')).status).toBe(401);
    expect((await get('/', { cookie: `gemel-${shell.port}=${'x'.repeat(43)}` })).status).toBe(401);
  });

  it('refuses another Host, another Origin and requests from other sites, even with the cookie or a token', async () => {
    const mine = { cookie: await cookie() };
    expect((await get('/', { ...mine, host: `evil.example:${shell.port}` })).status).toBe(403);
    expect((await get('/', { ...mine, host: '127.0.0.1:1' })).status).toBe(403);
    expect((await get('/', { ...mine, origin: 'http://evil.example' })).status).toBe(403);
    expect((await get('/', { ...mine, 'sec-fetch-site': 'cross-site' })).status).toBe(403);
    const path = pathOf(shell.newAddress());
    expect((await get(path, { origin: 'http://evil.example' })).status).toBe(403);
    expect((await get(path)).status).toBe(303);
  });

  it('listens on loopback only', async () => {
    const other = await new Promise<string>((resolve) => {
      const socket = net.connect({ host: '127.0.0.2', port: shell.port });
      socket.once('connect', () => resolve('connected')).once('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? ''));
    });
    expect(other).toBe('ECONNREFUSED');
  });

  it('connects pages of its own, and only those', async () => {
    const mine = await cookie();
    expect(await dial({ cookie: mine })).toBe(403);
    expect(await dial({ cookie: mine, origin: 'http://evil.example' })).toBe(403);
    expect(await dial({ cookie: mine, origin: origin(), host: 'evil.example' })).toBe(403);
    expect(await dial({ origin: origin() })).toBe(401);
    expect(await dial({ cookie: mine, origin: origin() }, '/other')).toBe(404);
    expect(pages.size).toBe(0);
    const socket = await dial({ cookie: mine, origin: origin() });
    if (typeof socket === 'number') throw new Error(`refused with ${socket}`);
    const answer = new Promise((resolve) => socket.once('message', (data) => resolve(JSON.parse(String(data)))));
    socket.send('{"hello":1}');
    expect(await answer).toEqual({ kind: 'result', id: 1, value: 'heard' });
    expect(received).toEqual([{ hello: 1 }]);
    socket.close();
    await gone.promise;
    expect(pages.size).toBe(0);
  });

  it.each([
    ['text that is no JSON', '{', 1008],
    ['a frame of no kind', '{"bad":1}', 1008],
    ['bytes', Buffer.from([1, 2]), 1008],
    ['too much at once', `"${'x'.repeat(70_000)}"`, 1009],
  ])('drops a page that sends %s', async (_name, data, code) => {
    const socket = await dial({ cookie: await cookie(), origin: origin() });
    if (typeof socket === 'number') throw new Error(`refused with ${socket}`);
    const closed = new Promise((resolve) => socket.once('close', resolve));
    socket.send(data);
    expect(await closed).toBe(code);
    await gone.promise;
  });

  it('says when its port is taken', async () => {
    await expect(startWebShell({ console: main, assets: new Map(), port: shell.port })).rejects.toMatchObject({ code: 'PORT_IN_USE' });
  });
});
