import http from 'node:http';
import { once } from 'node:events';
import net from 'node:net';
import { text } from 'node:stream/consumers';
import { beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import type { MemberStatus, MirrorStatus, MonitorSnapshot } from '../api/status.ts';
import type { Counters } from './metrics.ts';
import { createWebServer, type WebServer } from './web-server.ts';

const counters: Counters = {
  updates: 7,
  journalBytes: 4096,
  commands: 12,
  commandErrors: 1,
  connectionsAccepted: 3,
  connectionsRefused: 0,
  bytesIn: 100,
  bytesOut: 200,
};

const stage = (behindBytes: number | null, behindMs: number | null) => ({ position: null, behindBytes, behindMs });

function mirrorAs(status: MemberStatus): MirrorStatus {
  const member = {
    type: 'Failover',
    dn: null,
    position: null,
    privateAddress: 'h:1',
    superserverAddress: 'h:1',
    agentAddress: 'h:2',
  } as const;
  const figures = { journalTransfer: 'N/A', journalLatencyMs: null, dejournaling: 'N/A', dejournalLatencyMs: null };
  return {
    mirror: 'M',
    thisMember: 'A',
    noFailover: false,
    members: [
      { ...member, ...figures, name: 'B"\\', status: 'Primary' },
      { ...member, ...figures, name: 'A', status },
    ],
    arbiter: { address: null, failoverMode: 'Agent Controlled', connectionStatus: 'This member is not connected to the arbiter' },
    incomingRate: null,
    databases: [],
    missingDatabases: [],
  };
}

function snapshotOf(mirror: MirrorStatus | null): MonitorSnapshot {
  const instance = {
    name: 'A',
    directory: '/a',
    state: 'running',
    pid: 1,
    version: '1.2.3',
    superserverPort: 1,
    webPort: 2,
    mirrors: [],
  } as const;
  return {
    at: 0,
    instance: { ...instance, mirrors: [] },
    mirror,
    lag: [{ member: 'B', written: stage(0, 0), sent: stage(10, 1500), received: stage(null, null), dejournaled: stage(null, 20) }],
    metrics: {
      at: 0,
      updatesPerS: 1,
      journalKBs: 1,
      commitLatencyMs: { p50: 0.5, p99: 2, max: 8 },
      executorStallMsMax: 3,
      clients: 4,
      memoryMB: 80,
    },
    readiness: [
      { check: 'arbiter', ok: false, reason: '' },
      { check: 'unknown', ok: null, reason: '' },
    ],
  };
}

let now: MonitorSnapshot;
let server: WebServer;
let port: number;
let log: string[];

beforeEach(async () => {
  now = snapshotOf(null);
  log = [];
  server = createWebServer({ instance: 'A', snapshot: () => now, counters: () => counters, log: (_severity, line) => log.push(line) });
  port = await server.listen('127.0.0.1', 0);
  return () => server.close();
});

const ask = (path: string, init: RequestInit = {}): Promise<Response> => fetch(`http://127.0.0.1:${port}${path}`, init);

describe('/mirror/status', () => {
  it.each([
    [null, 503, 'NOT A MEMBER'],
    ['Primary', 200, 'PRIMARY'],
    ['Backup', 503, 'BACKUP'],
    ['In Trouble', 503, 'IN TROUBLE'],
    ['Transition', 503, 'TRANSITION'],
  ] as const)('of %s is %d %s', async (status, code, word) => {
    now = snapshotOf(status === null ? null : mirrorAs(status));
    const answer = await ask('/mirror/status?verbose=1');
    expect({ code: answer.status, body: await answer.text() }).toEqual({ code, body: `${word}\n` });
    const head = await ask('/mirror/status', { method: 'HEAD' });
    expect({ code: head.status, body: await head.text() }).toEqual({ code, body: '' });
    expect(head.headers.get('cache-control')).toBe('no-store');
  });
});

describe('/metrics', () => {
  /** `name{labels}` to its value. */
  async function scrape(): Promise<Map<string, number>> {
    const answer = await ask('/metrics');
    expect(answer.headers.get('content-type')).toMatch(/^text\/plain; version=0\.0\.4/);
    const lines = (await answer.text()).split('\n').filter((line) => line !== '' && !line.startsWith('#'));
    return new Map(lines.map((line) => [line.slice(0, line.lastIndexOf(' ')), Number(line.slice(line.lastIndexOf(' ') + 1))]));
  }

  it('tells counts, latencies and the place in the mirror in base units', async () => {
    now = snapshotOf(mirrorAs('Backup'));
    const found = await scrape();
    expect(Object.fromEntries(found)).toMatchObject({
      gemel_updates_total: 7,
      gemel_journal_written_bytes_total: 4096,
      gemel_client_errors_total: 1,
      'gemel_info{instance="A",version="1.2.3"}': 1,
      gemel_clients: 4,
      gemel_memory_bytes: 80 * 1024 * 1024,
      gemel_executor_stall_seconds_max: 0.003,
      'gemel_commit_latency_seconds{quantile="0.99"}': 0.002,
      gemel_mirror_primary: 0,
      'gemel_mirror_member_status{mirror="M",member="A",status="Backup"}': 1,
      'gemel_mirror_member_status{mirror="M",member="B\\"\\\\",status="Primary"}': 1,
      'gemel_mirror_failover_check{check="arbiter"}': 0,
      'gemel_mirror_lag_bytes{member="B",stage="sent"}': 10,
      'gemel_mirror_lag_seconds{member="B",stage="sent"}': 1.5,
      'gemel_mirror_lag_seconds{member="B",stage="dejournaled"}': 0.02,
    });
  });

  it('leaves out what is not known, and does not add up from one time to the next', async () => {
    now = snapshotOf(mirrorAs('Primary'));
    await scrape();
    now = { ...snapshotOf(mirrorAs('Backup')), metrics: null };
    const found = await scrape();
    expect(found.get('gemel_updates_total')).toBe(7);
    const names = [...found.keys()].join('\n');
    expect(names).not.toMatch(
      /member="A",status="Primary"|stage="received"|gemel_(clients|memory)|check="unknown"|quantile|lag_bytes\{member="B",stage="dejournaled"/,
    );
  });
});

describe('everything else', () => {
  it.each(['/', '/metrics/', '/mirror', '/toString', '/metrics%20', '//'])('%s is not found', async (path) => {
    expect((await ask(path)).status).toBe(404);
  });

  it.each(['POST', 'PUT', 'DELETE', 'OPTIONS'])('%s is not answered', async (method) => {
    const answer = await ask('/metrics', { method });
    expect(answer.status).toBe(405);
    expect(answer.headers.get('allow')).toBe('GET, HEAD');
  });

  it('what is no HTTP gets an error and does no harm', async () => {
    const socket = net.connect(port, '127.0.0.1');
    socket.end('*1\r\n$4\r\nPING\r\n');
    expect(await text(socket)).toMatch(/^HTTP\/1\.1 400 /);
    expect((await ask('/metrics')).status).toBe(200);
  });

  it('a fault inside is an error for the asker and a line in the log', async () => {
    const broken = createWebServer({
      instance: 'A',
      snapshot: () => {
        throw new Error('no picture');
      },
      counters: () => counters,
      log: (_severity, line) => log.push(line),
    });
    onTestFinished(() => broken.close());
    const at = await broken.listen('127.0.0.1', 0);
    expect((await fetch(`http://127.0.0.1:${at}/mirror/status`)).status).toBe(500);
    expect(log).toEqual([expect.stringContaining('no picture')]);
  });

  it('closes although somebody keeps a connection alive', async () => {
    const agent = new http.Agent({ keepAlive: true });
    onTestFinished(() => agent.destroy());
    const response = await new Promise<http.IncomingMessage>((resolve) =>
      http.get({ port, host: '127.0.0.1', path: '/metrics', agent }, resolve),
    );
    const { socket } = response;
    await text(response);
    expect(socket.destroyed).toBe(false);
    const cut = once(socket, 'close');
    await server.close();
    await cut;
    await expect(ask('/metrics')).rejects.toThrow();
  });

  it('says which port is in use, and by which command it is changed', async () => {
    const second = createWebServer({ instance: 'A', snapshot: () => now, counters: () => counters, log: () => undefined });
    await expect(second.listen('127.0.0.1', port)).rejects.toMatchObject({
      code: 'PORT_IN_USE',
      what: expect.stringContaining(String(port)),
      todo: expect.stringContaining('gemel instance start A --web-port'),
    });
  });
});
