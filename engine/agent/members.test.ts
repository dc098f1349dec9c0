import { systemSelected } from '../api/compression.ts';
import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { acquireLock, instancePaths, type InstancePaths } from '../instance/host.ts';
import { register } from '../instance/registry.ts';
import { realIo } from '../io/index.ts';
import { Journal, JournalWriter, ThreadDisk } from '../journal/index.ts';
import { newDurable, readRecord, recordPath, writeRecord, type MirrorRecord } from '../mirror/index.ts';
import { hostedAt } from './hosted.ts';
import { answerFor } from './answers.ts';
import { journalToServe } from './members.ts';

let home: string;
let paths: InstancePaths;
const guid = (n: number): string => `00000000-0000-4000-8000-00000000000${n}`;
const [mirror, self, partner, stranger] = [guid(1), guid(2), guid(3), guid(4)];
const epoch = (minor: number) => ({ major: 1, minor, member: self });

beforeEach(async () => {
  home = fs.mkdtempSync(path.join(os.tmpdir(), 'gemel-agent-'));
  const directory = path.join(home, 'instances', 'A');
  paths = instancePaths(directory);
  for (const made of [paths.mgr, paths.run, paths.journal]) fs.mkdirSync(made, { recursive: true });
  register(home, { name: 'A', directory });
  write({});
  const journal = Journal.open({
    io: realIo,
    directory: paths.journal,
    journal: { kind: 'mirror', name: 'TEST', guid: mirror },
    member: self,
  });
  const writer = await JournalWriter.open({ io: realIo, journal, disk: new ThreadDisk(), epoch: epoch(4) });
  await writer.close();
});

afterEach(() => fs.rmSync(home, { recursive: true, force: true }));

function write(durable: Partial<MirrorRecord['durable']>): void {
  const member = (of: string, name: string) => ({
    guid: of,
    name,
    instance: name,
    type: 'Failover' as const,
    superserverAddress: 'h:1',
    privateAddress: 'h:1',
    agentAddress: 'h:2',
  });
  const membership = {
    mirror: 'TEST',
    guid: mirror,
    version: 1,
    qosMs: 8000,
    arbiter: null,
    arbiterOnMemberHost: false,
    compression: systemSelected,
    members: [member(self, 'A'), member(partner, 'B')],
    databases: [],
  };
  writeRecord(realIo.files, paths.mgr, { self, membership, durable: { ...newDurable, ...durable } });
}

const logged: string[] = [];
const context = () => ({ hosted: hostedAt(home), log: (severity: number, text: string) => void logged.push(`${severity} ${text}`) });
const ask = (asker = partner, grantAbove: ReturnType<typeof epoch> | null = epoch(1)) =>
  answerFor(context(), { mirror, member: self, asker, grantAbove });
const durable = () => readRecord(realIo.files, paths.mgr, 'TEST')?.durable;
const granted = () => durable()?.grant ?? null;

it('an instance that is down is granted, durably, above the epoch of its journal; its lock is free again', async () => {
  expect(await ask()).toMatchObject({
    state: 'down',
    journal: { epoch: epoch(4) },
    grant: { to: partner, above: epoch(4) },
    refused: null,
  });
  expect(granted()).toMatchObject({ to: partner, above: epoch(4) });
  expect(durable()).toMatchObject({ validated: false, forcedDown: false });
  acquireLock(paths.run, 'instance').release();
  expect(await ask()).toMatchObject({ grant: { to: partner } });
});

it('asked without wanting a grant it promises nothing, and says what the record holds', async () => {
  const reign = { epoch: epoch(4), boot: 'boot-7', n: 3 };
  const period = { epoch: epoch(4), n: 3, backup: partner, ended: true };
  write({ boot: 'boot-8', reign, period, seen: epoch(4) });
  expect(await ask(partner, null)).toEqual({
    member: self,
    state: 'down',
    boot: 'boot-8',
    reign,
    period,
    seen: epoch(4),
    membership: 1,
    role: null,
    journal: { epoch: epoch(4), position: expect.anything() },
    grant: null,
    refused: null,
    noFailover: false,
  });
  expect(durable()).toMatchObject({ grant: null, validated: true });
});

it('an instance that runs, or starts, is not granted', async () => {
  const lock = acquireLock(paths.run, 'instance');
  try {
    expect(await ask()).toMatchObject({ state: 'starting', grant: null, refused: { code: 'RUNNING' } });
    lock.setPhase('running');
    expect(await ask()).toMatchObject({ state: 'operating', role: null, journal: null, refused: { code: 'RUNNING' } });
    await expect(journalToServe(hostedAt(home), { mirror, member: self, asker: partner })).rejects.toMatchObject({ code: 'REFUSED' });
    expect(granted()).toBeNull();
  } finally {
    lock.release();
  }
});

it('nobody but the partner is granted, and nobody against no failover', async () => {
  expect(await ask(stranger)).toMatchObject({ state: 'down', grant: null, refused: { code: 'NOT_PARTNER' } });
  write({ noFailover: epoch(4) });
  expect(await ask()).toMatchObject({ noFailover: true, refused: { code: 'NO_FAILOVER' } });
  write({ stoppedNoFailover: true });
  expect(await ask()).toMatchObject({ refused: { code: 'STOPPED_NOFAILOVER' } });
  expect(durable()).toMatchObject({ grant: null, validated: true });
});

it('a promise to one stands against another', async () => {
  write({ grant: { to: stranger, above: epoch(4) } });
  expect(await ask()).toMatchObject({ grant: null, refused: { code: 'GRANTED' } });
});

it('a journal that cannot be read is said to be none; the promise is given only to whom the member waited for to its end', async () => {
  for (const file of fs.readdirSync(paths.journal)) fs.writeFileSync(path.join(paths.journal, file), 'no journal');
  const reign = { epoch: epoch(4), boot: 'boot-7', n: 3 };
  const period = { epoch: epoch(4), n: 3, backup: partner, ended: false };
  write({ seen: epoch(6), reign, period: { ...period, ended: true } });
  expect(await ask()).toMatchObject({ state: 'down', journal: null, grant: null, refused: { code: 'JOURNAL_UNREADABLE' } });
  write({ seen: epoch(6), reign, period });
  expect(await ask()).toMatchObject({ state: 'down', journal: null, grant: { to: partner, above: epoch(6) } });
  await expect(journalToServe(hostedAt(home), { mirror, member: self, asker: partner })).rejects.toThrow();
});

it('a journal without what its member wrote as primary is none: its disk is not there', async () => {
  for (const file of fs.readdirSync(paths.journal)) fs.rmSync(path.join(paths.journal, file));
  const reign = { epoch: epoch(4), boot: 'boot-7', n: 3 };
  write({ seen: epoch(4), reign });
  expect(await ask()).toMatchObject({ state: 'down', journal: null, grant: null, refused: { code: 'JOURNAL_UNREADABLE' } });
  await expect(journalToServe(hostedAt(home), { mirror, member: self, asker: partner })).rejects.toMatchObject({ code: 'DAMAGED' });
  // It may have dropped its own epoch to follow a later primary.
  write({ seen: epoch(5), reign });
  expect(await ask()).toMatchObject({ state: 'down', journal: { epoch: { major: 0 } }, grant: { to: partner } });
});

it('an unknown member or mirror is unknown', async () => {
  const of = (question: { mirror: string; member: string }) => answerFor(context(), { ...question, asker: partner, grantAbove: null });
  expect(await of({ mirror: stranger, member: self })).toMatchObject({ state: 'unknown', refused: { code: 'UNKNOWN' } });
  expect(await of({ mirror, member: stranger })).toMatchObject({ member: stranger, state: 'unknown' });
});

it('serves the journal of an instance that is down to members only', async () => {
  const serve = (question: { member: string; asker: string }) => journalToServe(hostedAt(home), { mirror, ...question });
  expect((await serve({ member: self, asker: partner })).lineage.at(-1)?.epoch).toEqual(epoch(4));
  await expect(serve({ member: self, asker: stranger })).rejects.toMatchObject({ code: 'REFUSED' });
  await expect(serve({ member: stranger, asker: partner })).rejects.toMatchObject({ code: 'NOT_FOUND' });
});

it('a damaged record gets no answer but an error, and no promise', async () => {
  fs.writeFileSync(recordPath(paths.mgr, 'TEST'), '{');
  await expect(ask()).rejects.toMatchObject({ code: 'DAMAGED' });
});

describe('a process that holds the lock', () => {
  const QOS = 2000;
  let child: ChildProcess;
  let heard: Record<string, unknown>[];

  beforeEach(async () => {
    heard = [];
    const entry = fileURLToPath(new URL('../instance/hang/testing/watched-process.ts', import.meta.url));
    child = fork(entry, [paths.directory, String(QOS)], { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] });
    child.on('message', (message: Record<string, unknown>) => heard.push(message));
    await expect.poll(() => heard, { timeout: 20_000 }).toContainEqual({ ready: true });
    await tell({ phase: 'running' });
    await tell({ role: 'primary' });
  });

  afterEach(async () => {
    if (isGone()) return;
    child.kill('SIGKILL');
    await once(child, 'exit');
  });

  const isGone = () => child.exitCode !== null || child.signalCode !== null;
  const tell = async (what: Record<string, unknown>): Promise<void> => {
    child.send(what);
    await expect.poll(() => heard, { timeout: 20_000, interval: 5 }).toContainEqual({ did: what });
  };
  const isSaid = (what: Record<string, unknown>) => expect.poll(() => ask(partner, null), { timeout: 20_000 }).toMatchObject(what);

  it('is said to be what it tells, with the process that it is', async () => {
    write({ boot: 'boot-0' });
    await isSaid({ state: 'operating', role: 'primary', boot: 'boot-1' });
    await tell({ role: 'in-trouble' });
    await isSaid({ state: 'in-trouble', role: 'in-trouble' });
    expect(await ask()).toMatchObject({ state: 'in-trouble', grant: null, refused: { code: 'RUNNING' } });
    expect(isGone()).toBe(false);
  });

  it('finds the word that its partner has left for it; nobody else leaves any', async () => {
    await isSaid({ state: 'operating' });
    const gaveUp = { epoch: epoch(4), boot: 'boot-1', n: 2 };
    const file = path.join(paths.mgr, 'gave-up.json');
    for (const asker of [stranger, self]) await answerFor(context(), { mirror, member: self, asker, grantAbove: null, gaveUp });
    expect(fs.existsSync(file)).toBe(false);
    await answerFor(context(), { mirror, member: self, asker: partner, grantAbove: null, gaveUp });
    expect(JSON.parse(fs.readFileSync(file, 'utf8'))).toEqual({ member: partner, had: gaveUp });
  });

  it('when it hangs it is forced down for its partner: marked, promised, and its journal is served', async () => {
    child.send({ stallMs: 60_000 });
    await isSaid({ state: 'hung', grant: null });
    expect(await ask(stranger)).toMatchObject({ state: 'hung', refused: { code: 'NOT_PARTNER' } });
    expect(durable()).toMatchObject({ forcedDown: false, grant: null });
    const gone = once(child, 'exit');
    expect(await ask()).toMatchObject({
      state: 'down',
      journal: { epoch: epoch(4) },
      grant: { to: partner, above: epoch(4) },
      refused: null,
    });
    await gone;
    expect(child.signalCode).toBe('SIGKILL');
    expect(durable()).toMatchObject({ forcedDown: true, validated: false, grant: { to: partner } });
    expect(logged.join()).toContain('[FORCED_DOWN]');
    expect((await journalToServe(hostedAt(home), { mirror, member: self, asker: partner })).lineage).toHaveLength(1);
  });

  it('when it is stopped as a whole it is forced down as well', async () => {
    child.kill('SIGSTOP');
    await isSaid({ state: 'hung' });
    expect(await ask()).toMatchObject({ state: 'down', grant: { to: partner } });
    expect(durable()).toMatchObject({ forcedDown: true });
  });

  it('two questions at once force it down once, and both get the promise', async () => {
    child.send({ stallMs: 60_000 });
    await isSaid({ state: 'hung' });
    const answers = await Promise.all([ask(), ask()]);
    for (const answer of answers) expect(answer).toMatchObject({ state: 'down', grant: { to: partner, above: epoch(4) } });
  });

  it('nobody is forced down against no failover', async () => {
    write({ noFailover: epoch(4) });
    child.send({ stallMs: 60_000 });
    await isSaid({ state: 'hung' });
    expect(await ask()).toMatchObject({ state: 'hung', refused: { code: 'NO_FAILOVER' } });
    expect(isGone()).toBe(false);
  });

  it('one that has yielded for good is forced down although it turns, but not for having yielded once', async () => {
    write({ yielded: epoch(4), seen: epoch(4) });
    await isSaid({ state: 'operating', role: 'primary' });
    expect(await ask()).toMatchObject({ state: 'operating', grant: null });
    await tell({ role: 'yielded' });
    await isSaid({ state: 'operating', role: 'yielded' });
    write({ yielded: epoch(4), seen: epoch(5) });
    expect(await ask()).toMatchObject({ state: 'operating', grant: null });
    expect(isGone()).toBe(false);
    write({ yielded: epoch(4), seen: epoch(4) });
    expect(await ask()).toMatchObject({ state: 'down', grant: { to: partner } });
    expect(durable()).toMatchObject({ forcedDown: true, yielded: epoch(4) });
  });
});
