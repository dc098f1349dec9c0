import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { realClock } from '../io/index.ts';
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
