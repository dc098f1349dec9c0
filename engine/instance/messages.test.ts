import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { conditionLine } from '../api/conditions.ts';
import { realClock } from '../io/index.ts';
import { readLog } from './message-reader.ts';
import { localTime, openMessageLog, readMessages } from './messages.ts';

let mgr: string;
beforeEach(() => {
  mgr = fs.mkdtempSync(path.join(os.tmpdir(), 'gemel-messages-'));
});
afterEach(() => fs.rmSync(mgr, { recursive: true, force: true }));

it('writes one line a message; severe ones also to alerts.log', () => {
  const { write } = openMessageLog(mgr, { clock: realClock });
  write(0, 'started');
  write(2, 'first line\n   second line\n');
  write(3, 'the end');
  const messages = readMessages(path.join(mgr, 'messages.log'), 10);
  expect(messages.map((m) => [m.pid, m.severity, m.text])).toEqual([
    [process.pid, 0, 'started'],
    [process.pid, 2, 'first line | second line'],
    [process.pid, 3, 'the end'],
  ]);
  expect(readMessages(path.join(mgr, 'alerts.log'), 1).map((m) => m.text)).toEqual(['the end']);
  expect(readMessages(path.join(mgr, 'alerts.log'), 9)).toHaveLength(2);
});

it('tells local time with an offset that leads back to the same moment', () => {
  for (const at of [0, 1_700_000_000_123, Date.now()]) {
    expect(localTime(at)).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}[+-]\d\d:\d\d$/);
    expect(Date.parse(localTime(at))).toBe(at);
  }
});

it('begins a new file when one is full and keeps a few', () => {
  const { write } = openMessageLog(mgr, { clock: realClock, bytesMax: 200 });
  for (let n = 0; n < 40; n++) write(0, `message ${n} ${'.'.repeat(60)}`);
  const files = fs.readdirSync(mgr).sort();
  expect(files).toEqual(['messages.log', 'messages.log.1', 'messages.log.2', 'messages.log.3']);
  expect(readMessages(path.join(mgr, 'messages.log'), 1)[0]?.text).toContain('message 39');
  for (const file of files) expect(fs.statSync(path.join(mgr, file)).size).toBeLessThan(400);
});

it('survives a log it cannot write, and says later that messages are missing', () => {
  const { write } = openMessageLog(mgr, { clock: realClock });
  write(0, 'before');
  const file = path.join(mgr, 'messages.log');
  fs.renameSync(file, `${file}.away`);
  fs.mkdirSync(file);
  write(2, 'lost');
  fs.rmdirSync(file);
  write(0, 'after');
  expect(readMessages(file, 9).map((m) => m.text)).toEqual(['1 messages could not be written here.', 'after']);
});

describe('reading a range', () => {
  const start = Date.parse('2026-11-01T00:00:00Z');
  const file = (): string => path.join(mgr, 'messages.log');
  /** One message a second, of severities 0, 1, 2, 3 in turn. */
  function written(messages: number, bytesMax: number): void {
    let now = start;
    const { write } = openMessageLog(mgr, { clock: { ...realClock, wallMs: () => now }, bytesMax });
    for (let n = 0; n < messages; n++, now += 1000) write((n % 4) as 0 | 1 | 2 | 3, `message ${n} of Zürich`);
  }

  it('gives what a reader of the whole log would pick, over full files too', async () => {
    written(600, 9000);
    const asked = fc.record({
      from: fc.integer({ min: -5, max: 620 }),
      length: fc.integer({ min: 0, max: 620 }),
      minSeverity: fc.integer({ min: 0, max: 3 }),
      limit: fc.integer({ min: 1, max: 300 }),
    });
    const kept = Array.from({ length: 4 }, (_, n) => readMessages(n === 3 ? file() : `${file()}.${3 - n}`, 1e6)).flat();
    await fc.assert(
      fc.asyncProperty(asked, async ({ from, length, minSeverity, limit }) => {
        const [fromMs, toMs] = [start + from * 1000, start + (from + length) * 1000];
        const page = await readLog(file(), { fromMs, toMs, minSeverity, limit });
        const all = kept.filter((m) => Date.parse(m.time) >= fromMs && Date.parse(m.time) <= toMs && m.severity >= minSeverity);
        expect(page.lines.map((l) => l.text)).toEqual(all.slice(-limit).map((m) => m.text));
        expect(page.more).toBe(all.length > limit);
      }),
      { numRuns: 60 },
    );
  });

  it('cuts neither lines nor characters where it reads on', async () => {
    written(9000, 1e9);
    const page = await readLog(file(), { fromMs: start, toMs: start + 1e9, minSeverity: 0, limit: 20_000 });
    expect(page.lines.map((l) => l.text)).toEqual(Array.from({ length: 9000 }, (_, n) => `message ${n} of Zürich`));
  });

  it('takes conditions apart, and has no lines where there is no log', async () => {
    const { write } = openMessageLog(mgr, { clock: realClock });
    write(2, conditionLine('GRANTED', 'The agent (of A) lets it.', { from: 'A', above: '1.2', why: 'a, b' }));
    write(0, 'Plain (really).');
    const { lines } = await readLog(file(), { fromMs: 0, toMs: Date.now() + 1000, minSeverity: 0, limit: 10 });
    expect(lines).toMatchObject([
      { severity: 2, code: 'GRANTED', text: 'The agent (of A) lets it.', facts: { from: 'A', above: '1.2', why: 'a, b' } },
      { severity: 0, code: null, text: 'Plain (really).', facts: {} },
    ]);
    expect(await readLog(path.join(mgr, 'none.log'), { fromMs: 0, toMs: 1, minSeverity: 0, limit: 1 })).toEqual({ lines: [], more: false });
  });
});
