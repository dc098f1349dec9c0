import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import Sqlite from 'better-sqlite3';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { MemberLag, Metrics } from '../../engine/api/status.ts';
import type { JobView } from '../contract/index.ts';
import { openStore } from './index.ts';

let folder: string;
let file: string;

beforeEach(() => {
  folder = fs.mkdtempSync(path.join(os.tmpdir(), 'gemel-store-'));
  file = path.join(folder, 'console', 'console.db');
});
afterEach(() => fs.rmSync(folder, { recursive: true, force: true }));

function job(id: number, state: JobView['state']): JobView {
  const action = { action: 'createDemoMirror' as const };
  return {
    id,
    action,
    title: `Job ${id}`,
    subject: 'M',
    state,
    startedAt: id,
    endedAt: null,
    steps: [],
    canCancel: false,
    result: null,
    error: null,
  };
}

describe('the store file', () => {
  it('keeps settings, hosts, jobs and audit over a restart', () => {
    const first = openStore(file);
    first.settings.setTheme('dark');
    first.settings.setMirror('M', { locked: true });
    first.settings.setMirror('M', { environment: 'production' });
    first.hosts.put({ id: 'demo-a', label: 'A', kind: 'local', home: '/x', demo: true });
    first.jobs.put(job(first.jobs.nextId(), 'running'));
    first.audit.add({ at: 1, who: 'me', what: 'Stop A', subject: 'A', outcome: 'done', detail: '' });
    first.close();
    const second = openStore(file);
    expect(second.settings.get()).toEqual({ theme: 'dark', mirrors: { M: { environment: 'production', locked: true } } });
    expect(second.hosts.list()).toEqual([{ id: 'demo-a', label: 'A', kind: 'local', home: '/x', demo: true }]);
    expect(second.jobs.unfinished().map((j) => j.id)).toEqual([1]);
    expect(second.jobs.nextId()).toBe(2);
    expect(second.audit.list(10)).toMatchObject([{ id: 1, what: 'Stop A' }]);
    second.close();
  });

  it('is for one console at a time', () => {
    const store = openStore(file);
    expect(() => openStore(file)).toThrow(expect.objectContaining({ code: 'LOCKED' }));
    store.close();
    openStore(file).close();
  });

  it('leaves the file of a newer version alone', () => {
    openStore(file).close();
    const db = new Sqlite(file);
    db.pragma('user_version = 99');
    db.close();
    expect(() => openStore(file)).toThrow(expect.objectContaining({ code: 'VERSION' }));
  });

  it('says that a damaged file is damaged', () => {
    fs.mkdirSync(path.dirname(file));
    fs.writeFileSync(file, 'this is no database, whatever its name says'.repeat(100));
    expect(() => openStore(file)).toThrow(expect.objectContaining({ code: 'DAMAGED' }));
  });

  it('keeps the newest 500 job reports and pages the audit log', () => {
    const store = openStore(file);
    for (let id = 1; id <= 510; id++) store.jobs.put(job(store.jobs.nextId(), 'done'));
    expect(store.jobs.newest(1000).map((j) => j.id)).toHaveLength(500);
    expect(store.jobs.get(10)).toBeUndefined();
    for (let at = 1; at <= 5; at++) store.audit.add({ at, who: 'me', what: `${at}`, subject: '', outcome: 'done', detail: '' });
    expect(store.audit.list(2).map((e) => e.id)).toEqual([5, 4]);
    expect(store.audit.list(2, 4).map((e) => e.id)).toEqual([3, 2]);
    store.close();
  });
});

function metrics(value: number, latency: number | null): Metrics {
  const commitLatencyMs = latency === null ? null : { p50: latency, p99: latency * 2, max: latency * 3 };
  return { at: 0, updatesPerS: value, journalKBs: value * 2, commitLatencyMs, executorStallMsMax: value / 10, clients: 1, memoryMB: 100 };
}

describe('history', () => {
  it('thins seconds to means of rates and the worst of latencies', () => {
    const sample = fc.record({ value: fc.integer({ min: 0, max: 100_000 }), latency: fc.option(fc.integer({ min: 1, max: 500 })) });
    fc.assert(
      fc.property(fc.array(sample, { minLength: 1, maxLength: 120 }), fc.integer({ min: 4, max: 200 }), (samples, maxPoints) => {
        const store = openStore(path.join(folder, `${Math.random()}.db`));
        const start = 1_800_000_000_000;
        samples.forEach((s, i) => store.history.add('h/A', start + i * 1000, metrics(s.value, s.latency)));
        const to = start + samples.length * 1000;
        const points = store.history.read({ instance: 'h/A', from: start, to, maxPoints }, to);
        expect(points.length).toBeLessThanOrEqual(maxPoints);
        // A naive model: the same seconds, put into the same steps by hand.
        for (const point of points) {
          const within = samples.filter((_, i) => Math.floor((start + i * 1000) / point.stepMs) === Math.floor(point.at / point.stepMs));
          expect(point.updatesPerS).toBeCloseTo(within.reduce((sum, s) => sum + s.value, 0) / within.length, 3);
          const latencies = within.flatMap((s) => (s.latency === null ? [] : [s.latency]));
          expect(point.latencyMsP99).toBe(latencies.length === 0 ? null : Math.max(...latencies) * 2);
        }
        const seen = points.reduce(
          (sum, p) => sum + samples.filter((_, i) => Math.floor((start + i * 1000) / p.stepMs) === Math.floor(p.at / p.stepMs)).length,
          0,
        );
        expect(seen).toBe(samples.length);
        store.close();
      }),
      { numRuns: 25 },
    );
  });

  it('keeps seconds for an hour and coarser steps for longer', () => {
    const store = openStore(file);
    const start = 1_800_000_000_000;
    const hours = 3;
    for (let i = 0; i < hours * 3600; i += 10) store.history.add('h/A', start + i * 1000, metrics(i, null));
    const now = start + hours * 3_600_000;
    const recent = store.history.read({ instance: 'h/A', from: now - 60_000, to: now, maxPoints: 600 }, now);
    expect(recent.map((p) => p.stepMs)).toEqual(recent.map(() => 1000));
    const all = store.history.read({ instance: 'h/A', from: start, to: now, maxPoints: 5000 }, now);
    expect([all.length, all[0]?.stepMs]).toEqual([hours * 360, 10_000]);
    const month = store.history.read({ instance: 'h/A', from: now - 20 * 86_400_000, to: now, maxPoints: 5000 }, now);
    expect(month[0]?.stepMs).toBeGreaterThanOrEqual(300_000);
    // The seconds themselves are bounded: about an hour of them is left.
    store.close();
    const db = new Sqlite(file);
    expect(db.prepare('SELECT count(*) FROM sample WHERE step = 1000').pluck().get()).toBeLessThanOrEqual(360 + 300);
    db.close();
  });

  it('keeps the worst lag of each step and never makes up one that is not known', () => {
    const store = openStore(file);
    const start = 1_800_000_000_000;
    const stage = (behindMs: number | null): MemberLag['sent'] => ({ position: null, behindBytes: behindMs, behindMs });
    for (let i = 0; i < 40; i++) {
      const lag = { written: stage(0), sent: stage(0), received: stage(i), dejournaled: stage(null) };
      store.history.addLags('M', start + i * 1000, [
        { member: 'B', ...lag },
        { member: 'C', ...lag, received: stage(null) },
      ]);
    }
    const query = { mirror: 'M', from: start, to: start + 40_000 };
    const [b, c] = store.history.readLags({ ...query, maxPoints: 600 }, start + 40_000);
    expect([b?.member, b?.points.length, b?.points[7]]).toEqual([
      'B',
      40,
      { at: start + 7000, stepMs: 1000, receivedMs: 7, receivedBytes: 7, dejournaledMs: null, dejournaledBytes: null },
    ]);
    expect(c?.points.every((p) => p.receivedMs === null)).toBe(true);
    const thin = store.history.readLags({ ...query, maxPoints: 6 }, start + 40_000)[0]?.points ?? [];
    expect([thin.length, thin.at(-1)?.receivedMs]).toEqual([4, 39]);
    expect(store.history.readLags({ ...query, mirror: 'OTHER', maxPoints: 6 }, start)).toEqual([]);
    store.close();
  });
});

describe('events', () => {
  it('are those of a mirror with its alerts, oldest first', () => {
    const store = openStore(file);
    const event = { severity: 'good', subject: 'A', text: 'x', explain: false, job: null } as const;
    store.events.add({ ...event, kind: 'role', mirror: 'M', at: 10, explain: true });
    store.events.add({ ...event, kind: 'job', mirror: 'M', at: 30, job: 4 });
    store.events.add({ ...event, kind: 'job', mirror: 'N', at: 15 });
    store.alerts.add({ ...event, severity: 'bad', rule: 'memberLost', key: 'k', mirror: 'M', todo: '', since: 20 });
    expect(store.events.list({ mirror: 'M', from: 0, to: 99 })).toMatchObject([
      { id: 'role-1', at: 10, explain: true },
      { id: 'alert-1', at: 20, kind: 'alert', severity: 'bad' },
      { id: 'job-2', at: 30, job: 4 },
    ]);
    expect(store.events.list({ mirror: 'M', from: 11, to: 20 }).map((e) => e.id)).toEqual(['alert-1']);
    store.close();
  });
});

describe('the audit log', () => {
  it('is filtered by words, whatever signs they hold', () => {
    const store = openStore(file);
    const entry = { at: 1, who: 'ada', outcome: 'done' as const };
    store.audit.add({ ...entry, what: 'Stop A', subject: 'A', detail: '100% done' });
    store.audit.add({ ...entry, what: 'Start B', subject: 'B', detail: 'job_2' });
    store.audit.add({ ...entry, what: 'Stop B', subject: 'B', detail: 'jobs2' });
    const ids = (filter: string): number[] => store.audit.list(10, undefined, filter).map((e) => e.id);
    expect([ids('stop'), ids('STOP b'), ids('0%'), ids('job_2'), ids('nobody'), ids('  ')]).toEqual([[3, 1], [3], [1], [2], [], [3, 2, 1]]);
    expect(store.audit.list(10, 3, 'stop').map((e) => e.id)).toEqual([1]);
    store.close();
  });
});
