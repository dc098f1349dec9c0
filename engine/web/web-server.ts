import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { GemelError } from '../api/errors.ts';
import type { MonitorSnapshot } from '../api/status.ts';
import { errorCode } from '../io/error-code.ts';
import { isPrimary, METRICS_TYPE, metricsText, type Counters } from './metrics.ts';

/** Who asks here is a load balancer or a monitor: few connections, short requests. */
const CONNECTIONS_MAX = 200;
const HEADER_BYTES_MAX = 8 * 1024;
const REQUEST_MS_MAX = 10_000;

export interface WebServerOptions {
  /** Name of the instance, for the error that says how to take another port. */
  readonly instance: string;
  /** The picture of now: health answers must not be older than the role itself. */
  readonly snapshot: () => MonitorSnapshot;
  readonly counters: () => Counters;
  readonly log: (severity: 0 | 1 | 2 | 3, text: string) => void;
}

/** Health for load balancers (`/mirror/status`) and figures for Prometheus (`/metrics`). */
export interface WebServer {
  /** Port 0 takes any free one. Returns the port. Throws PORT_IN_USE, RIGHTS, IO, each naming port and setting. */
  listen(host: string, port: number): Promise<number>;
  /** Cuts kept-alive connections too. */
  close(): Promise<void>;
}

interface Answer {
  readonly status: number;
  readonly body: string;
  readonly type: string;
}

const TEXT = 'text/plain; charset=utf-8';

export function createWebServer(options: WebServerOptions): WebServer {
  const routes: Record<string, () => Answer | Promise<Answer>> = {
    '/mirror/status': () => health(options.snapshot()),
    '/metrics': async () => ({
      status: 200,
      body: await metricsText(options.snapshot(), options.counters()),
      type: METRICS_TYPE,
    }),
  };
  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const [path = ''] = (request.url ?? '').split('?');
    const route = Object.hasOwn(routes, path) ? routes[path] : undefined;
    if (route === undefined) return send(response, { status: 404, body: 'Not found.\n', type: TEXT });
    if (request.method !== 'GET' && request.method !== 'HEAD') {
      response.setHeader('Allow', 'GET, HEAD');
      return send(response, { status: 405, body: 'Only GET and HEAD.\n', type: TEXT });
    }
    send(response, await route());
  };
  const server = createServer(
    { maxHeaderSize: HEADER_BYTES_MAX, headersTimeout: REQUEST_MS_MAX, requestTimeout: REQUEST_MS_MAX },
    (request, response) => {
      answer(request, response).catch((error: unknown) => {
        options.log(2, `Web port: ${request.url ?? ''} could not be answered: ${error instanceof Error ? error.message : String(error)}`);
        send(response, { status: 500, body: 'Internal error.\n', type: TEXT });
      });
    },
  );
  server.maxConnections = CONNECTIONS_MAX;
  return { listen: (host, port) => listen(server, options.instance, host, port), close: () => close(server) };
}

/** 200 on the primary alone, so that a load balancer sends clients nowhere else. The body says what it is instead. */
function health({ mirror }: MonitorSnapshot): Answer {
  const own = mirror?.members.find(({ name }) => name === mirror.thisMember);
  return { status: isPrimary(mirror) ? 200 : 503, body: `${own?.status.toUpperCase() ?? 'NOT A MEMBER'}\n`, type: TEXT };
}

function send(response: ServerResponse, { status, body, type }: Answer): void {
  response.writeHead(status, {
    'Content-Type': type,
    'Content-Length': Buffer.byteLength(body),
    'Cache-Control': 'no-store',
    'X-Content-Type-Options': 'nosniff',
  });
  response.end(body);
}

async function listen(server: Server, instance: string, host: string, port: number): Promise<number> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error) => reject(listenError(error, instance, host, port)));
    server.listen({ host, port }, resolve);
  });
  const address = server.address();
  return typeof address === 'object' && address !== null ? address.port : port;
}

function close(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}

function listenError(error: Error, instance: string, host: string, port: number): GemelError {
  const safe = 'The instance was not started.';
  const other = `take another port: gemel instance start ${instance} --web-port PORT`;
  switch (errorCode(error)) {
    case 'EADDRINUSE':
      return new GemelError('PORT_IN_USE', `The web port ${port} on ${host} is in use.`, safe, `Stop what uses it, or ${other}`);
    case 'EACCES':
      return new GemelError('RIGHTS', `The instance may not listen on the web port ${port}.`, safe, `Choose one above 1023: ${other}`);
    default:
      return new GemelError(
        'IO',
        `The web port cannot listen on ${host}:${port}: ${error.message}.`,
        safe,
        'Check ListenAddress in gemel.cpf.',
      );
  }
}
