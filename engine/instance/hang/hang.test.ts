import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { instancePaths } from '../directory.ts';
import { lookAt } from './index.ts';
import { judge } from './judge.ts';
import { hostMs, limits, PulseFile, readPulse, type Pulse } from './pulse.ts';

const entry = fileURLToPath(new URL('./testing/watched-process.ts', import.meta.url));
const QOS = 1200;
let directory: string;
let child: ChildProcess;
let heard: Record<string, unknown>[];

beforeEach(() => {
  directory = fs.mkdtempSync(path.join(os.tmpdir(), 'gemel-hang-'));
  fs.mkdirSync(instancePaths(directory).run, { recursive: true });
});

afterEach(() => fs.rmSync(directory, { recursive: true, force: true }));

describe('a watched process', () => {
  beforeEach(async () => {
    heard = [];
    child = fork(entry, [directory, String(QOS)], { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] });
    child.on('message', (message: Record<string, unknown>) => heard.push(message));
    await expect.poll(() => heard, { timeout: 20_000 }).toContainEqual({ ready: true });
  });

  afterEach(async () => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    child.kill('SIGKILL');
    await once(child, 'exit');
  });

  const tell = async (what: Record<string, unknown>): Promise<void> => {
    const before = heard.length;
    child.send(what);
    await expect.poll(() => heard.slice(before), { timeout: 20_000, interval: 5 }).toContainEqual({ did: what });
  };
  const look = () => lookAt(directory);
  const hungs = (what: 'executor' | 'journal') => heard.filter((each) => each.hung === what);
  const note = () => {
    const file = path.join(instancePaths(directory).run, 'hung');
    return fs.existsSync(file) ? fs.readFileSync(file, 'utf8') : '';
  };

  it('is starting, then operating in the role it tells, then down', async () => {
    expect(await look()).toMatchObject({ state: 'starting' });
    await tell({ phase: 'running' });
    await tell({ role: 'in-trouble' });
    await expect.poll(look, { timeout: 10_000 }).toMatchObject({
      state: 'operating',
      member: { role: 'in-trouble', boot: 'boot-1' },
    });
    await tell({ role: 'primary' });
    await expect.poll(look, { timeout: 10_000 }).toMatchObject({ member: { role: 'primary' } });
    child.kill('SIGKILL');
    await once(child, 'exit');
    expect(await look()).toMatchObject({ state: 'down', member: null });
  });

  it('is hung while its executor stands still, learns of it when it is back, and is operating again', async () => {
    await tell({ phase: 'running' });
    child.send({ stallMs: QOS * 2 });
    await expect
      .poll(look, { timeout: 10_000, interval: 10 })
      .toMatchObject({ state: 'hung', why: expect.stringContaining('stood still') });
    await expect.poll(note, { timeout: 10_000 }).toContain('has not come back yet');
    await expect.poll(() => hungs('executor'), { timeout: 10_000 }).not.toEqual([]);
    const [{ stalledMs } = {}] = hungs('executor');
    expect(stalledMs).toBeGreaterThan(QOS / 2);
    await expect.poll(look, { timeout: 10_000 }).toMatchObject({ state: 'operating' });
    await expect.poll(note, { timeout: 10_000 }).toContain('is back after');
  });

  it('is hung while the whole process is stopped, and learns of it when it goes on', async () => {
    await tell({ phase: 'running' });
    await tell({ role: 'primary' });
    child.kill('SIGSTOP');
    try {
      await expect
        .poll(look, { timeout: 10_000, interval: 20 })
        .toMatchObject({ state: 'hung', why: expect.stringContaining('is stopped') });
      const pulse = readPulse(instancePaths(directory).run);
      await expect.poll(() => hostMs() - (pulse?.atMs ?? 0), { timeout: 10_000 }).toBeGreaterThan(QOS);
    } finally {
      child.kill('SIGCONT');
    }
    await expect.poll(() => hungs('executor'), { timeout: 10_000 }).not.toEqual([]);
    await expect.poll(look, { timeout: 10_000 }).toMatchObject({ state: 'operating', member: { role: 'primary' } });
  });

  it('a watchdog that has ended in order, or is silent while the process answers, proves nothing', async () => {
    const { run } = instancePaths(directory);
    await tell({ phase: 'running' });
    await tell({ close: true });
    await expect.poll(() => readPulse(run), { timeout: 10_000 }).toMatchObject({ watched: false });
    const pulse = readPulse(run);
    if (pulse === null) throw new Error('there was one');
    const file = new PulseFile(run, 'go on');
    const writeOld = (watched: boolean) => file.write({ ...pulse, watched, atMs: hostMs() - QOS });
    writeOld(false);
    expect(await look()).toMatchObject({ state: 'operating', why: expect.stringContaining('turns') });
    writeOld(true);
    expect(await look()).toMatchObject({ state: 'operating', why: expect.stringContaining('but answers') });
    file.close();
  });

  it('who is told looks again before deciding on it, and is not told again for that', async () => {
    await tell({ phase: 'running' });
    child.send({ journalWaitsMs: QOS });
    await tell({ stallMs: QOS });
    await expect.poll(() => hungs('executor').length, { timeout: 10_000 }).toBe(1);
    await expect.poll(() => hungs('journal').length, { timeout: 10_000 }).toBe(1);
    // Several more looks of its own, and each of them sees the journal wait.
    const before = readPulse(instancePaths(directory).run)?.turnedMs ?? 0;
    await expect
      .poll(() => readPulse(instancePaths(directory).run)?.turnedMs ?? 0, { timeout: 10_000 })
      .toBeGreaterThan(before + 3 * limits(QOS).everyMs);
    expect(child.exitCode).toBeNull();
    expect([hungs('executor').length, hungs('journal').length]).toEqual([1, 1]);
  });

  it('hears once of a journal that waits too long, and again after it was well', async () => {
    const isTold = (times: number) => expect.poll(() => hungs('journal').length, { timeout: 10_000 }).toBe(times);
    await tell({ journalWaitsMs: QOS / 2 });
    await tell({ journalWaitsMs: QOS / 2 + 1 });
    await isTold(1);
    await tell({ journalWaitsMs: 0 });
    await tell({ stallMs: 2 * limits(QOS).everyMs });
    await tell({ journalWaitsMs: QOS });
    await isTold(2);
  });
});

describe('what a pulse proves', () => {
  const holder = { pid: 5, identity: 'x', purpose: 'instance', phase: 'running', since: 0 } as const;
  const pulse = (over: Partial<Pulse>): Pulse => ({
    pid: 5,
    identity: 'x',
    atMs: 1000,
    everyMs: 10,
    turnedMs: 1000,
    qosMs: 800,
    hungSinceMs: null,
    member: null,
    watched: true,
    ...over,
  });

  it('one of another process proves nothing, and starting is no hang', () => {
    expect(judge(holder, null, 9999)).toEqual({ is: 'operating' });
    expect(judge(holder, pulse({ watched: false, hungSinceMs: 1 }), 9999)).toEqual({ is: 'operating' });
    expect(judge(holder, pulse({ pid: 6 }), 9999)).toEqual({ is: 'operating' });
    expect(judge(holder, pulse({ identity: 'y', hungSinceMs: 1 }), 9999)).toEqual({ is: 'operating' });
    expect(judge({ ...holder, phase: 'starting' }, pulse({ hungSinceMs: 1 }), 9999)).toEqual({ is: 'starting' });
    expect(judge({ ...holder, phase: 'stopping' }, pulse({ hungSinceMs: 1 }), 9999)).toMatchObject({ is: 'hung' });
  });

  it('below half of Q nothing is hung or silent, whatever the moments at which threads look', () => {
    const times = fc.record({
      qosMs: fc.integer({ min: 500, max: 60_000 }),
      /** Of Q/2. */
      stall: fc.double({ min: 0, max: 1, noNaN: true }),
      stampLag: fc.double({ min: 0, max: 1, noNaN: true }),
      look: fc.double({ min: 0, max: 1, noNaN: true }),
    });
    fc.assert(
      fc.property(times, ({ qosMs, stall, stampLag, look }) => {
        const { everyMs, hungMs } = limits(qosMs);
        const stalledMs = (stall * qosMs) / 2;
        // The stall began up to a period after the last stamp; the watchdog looks at any time during it.
        const sinceStampMs = stampLag * everyMs + look * stalledMs;
        expect(sinceStampMs > hungMs).toBe(false);
        expect(judge(holder, pulse({ qosMs, everyMs, atMs: 1000 }), 1000 + sinceStampMs)).toEqual({ is: 'operating' });
      }),
    );
  });
});

it('a pulse is read whole or not at all', () => {
  const { run } = instancePaths(directory);
  expect(readPulse(run)).toBeNull();
  const file = new PulseFile(run, 'begin');
  const member = { boot: 'b', role: 'primary' } as const;
  const pulse: Pulse = {
    pid: 1,
    identity: '',
    atMs: hostMs(),
    everyMs: 5,
    turnedMs: 1,
    qosMs: 1,
    hungSinceMs: null,
    member,
    watched: true,
  };
  file.write(pulse);
  file.write({ ...pulse, member: null, qosMs: 2 });
  expect(readPulse(run)).toEqual({ ...pulse, member: null, qosMs: 2 });
  file.close();
  const text = fs.readFileSync(path.join(run, 'pulse'), 'utf8');
  fs.writeFileSync(path.join(run, 'pulse'), text.replace(/^2/, '3'));
  expect(readPulse(run)).toBeNull();
  fs.writeFileSync(path.join(run, 'pulse'), '');
  expect(readPulse(run)).toBeNull();
});
