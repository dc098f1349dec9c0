import { randomBytes } from 'node:crypto';
import http from 'node:http';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import { WebSocketServer } from 'ws';
import type { WebSocket } from 'ws';
import { GemelError } from '../../../engine/api/errors.ts';
import { assert } from '../../../engine/io/assert.ts';
import type { ConsoleMain } from '../../console/index.ts';
import { MAX_FRAME_BYTES } from '../../contract/index.ts';
import { securityHeaders } from '../assets.ts';
import type { Asset } from '../assets.ts';
import { Access } from './access.ts';

const LOOPBACK = '127.0.0.1';
/** More unsent bytes than this and a page is given only the newest values. */
const CONGESTED_BYTES = 1024 * 1024;
const WS_POLICY_VIOLATION = 1008;

export interface WebShellOptions {
  readonly console: ConsoleMain;
  readonly assets: ReadonlyMap<string, Asset>;
  /** 0: any free one. */
  readonly port: number;
}

export interface WebShell {
  readonly port: number;
  /** An address that lets one browser in, once. */
  newAddress(): string;
  close(): Promise<void>;
}

/**
 * Serves the console's pages and their connection to main on loopback.
 * @throws GemelError PORT_IN_USE
 */
export async function startWebShell({ console: main, assets, port: wanted }: WebShellOptions): Promise<WebShell> {
  const server = http.createServer();
  const port = await listen(server, wanted);
  const access = new Access(port, () => randomBytes(32).toString('base64url'));
  const sockets = new WebSocketServer({ noServer: true, maxPayload: MAX_FRAME_BYTES, perMessageDeflate: false });
  server.on('request', (request, response) => answer(request, response, { access, assets, port }));
  server.on('upgrade', (request, socket, head) => upgrade(request, socket, head, { access, sockets, main }));
  return {
    port,
    newAddress: () => `http://${LOOPBACK}:${port}/?token=${access.newToken()}`,
    close: () => close(server, sockets),
  };
}

function answer(
  request: IncomingMessage,
  response: ServerResponse,
  { access, assets, port }: { access: Access; assets: ReadonlyMap<string, Asset>; port: number },
): void {
  const headers = securityHeaders(`ws://${LOOPBACK}:${port} ws://localhost:${port}`);
  const refuse = (status: number, reason: string): void => {
    response.writeHead(status, { ...headers, 'content-type': 'text/plain; charset=utf-8' }).end(`${reason}\n`);
  };
  const url = addressOf(request);
  if (!url) return refuse(400, 'The address cannot be read.');
  const verdict = access.judge({ headers: request.headers, token: url.searchParams.get('token') });
  if (!verdict.pass) return refuse(verdict.status, verdict.reason);
  if (request.method !== 'GET' && request.method !== 'HEAD') return refuse(405, 'Only pages are served here.');
  if (verdict.setCookie !== null) {
    // Away with the token: it must not stay in the address bar or the history.
    response.writeHead(303, { ...headers, 'set-cookie': verdict.setCookie, location: '/' }).end();
    return;
  }
  const asset = assets.get(url.pathname);
  if (!asset) return refuse(404, 'There is no such page.');
  response.writeHead(200, { ...headers, 'content-type': asset.type, 'content-length': asset.body.length });
  response.end(request.method === 'HEAD' ? undefined : asset.body);
}

function addressOf(request: IncomingMessage): URL | null {
  return URL.parse(request.url ?? '/', `http://${LOOPBACK}`);
}

function upgrade(
  request: IncomingMessage,
  socket: Duplex,
  head: Buffer,
  { access, sockets, main }: { access: Access; sockets: WebSocketServer; main: ConsoleMain },
): void {
  const verdict = access.judgeSocket(request.headers);
  if (!verdict.pass || addressOf(request)?.pathname !== '/ws') {
    const status = verdict.pass ? '404 Not Found' : verdict.status === 401 ? '401 Unauthorized' : '403 Forbidden';
    socket.end(`HTTP/1.1 ${status}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
    return;
  }
  sockets.handleUpgrade(request, socket, head, (page) => servePage(page, main));
}

function servePage(socket: WebSocket, main: ConsoleMain): void {
  const page = main.connect({
    send: (frame) => socket.send(JSON.stringify(frame)),
    congested: () => socket.bufferedAmount > CONGESTED_BYTES,
  });
  socket.on('message', (data, isBinary) => {
    try {
      page.receive(isBinary ? undefined : JSON.parse(String(data)));
    } catch (error) {
      socket.close(WS_POLICY_VIOLATION, error instanceof GemelError ? error.what : 'The frame cannot be read.');
    }
  });
  // A broken connection ends with 'close' as well, which is all that matters here.
  socket.on('error', () => socket.terminate());
  socket.on('close', () => main.disconnect(page));
}

function listen(server: http.Server, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      const taken = error.code === 'EADDRINUSE';
      reject(taken ? new GemelError('PORT_IN_USE', `Port ${port} is in use.`, '', 'Leave --port out, or give another one.') : error);
    });
    server.listen(port, LOOPBACK, () => {
      const address = server.address();
      assert(typeof address === 'object' && address !== null, 'a listening server has an address');
      resolve(address.port);
    });
  });
}

async function close(server: http.Server, sockets: WebSocketServer): Promise<void> {
  for (const socket of sockets.clients) socket.terminate();
  sockets.close();
  const closed = new Promise((resolve) => server.close(resolve));
  server.closeAllConnections();
  await closed;
}
