import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { acquireLock, instancePaths, type InstancePaths } from '../instance/host.ts';
import { register } from '../instance/registry.ts';
import { realIo } from '../io/index.ts';
import { Journal, JournalWriter, ThreadDisk } from '../journal/index.ts';
import { newDurable, readRecord, writeRecord, type MirrorRecord } from '../mirror/index.ts';
import { hostedAt } from './hosted.ts';
import { answerFor, journalToServe } from './members.ts';

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
    members: [member(self, 'A'), member(partner, 'B')],
    databases: [],
  };
  writeRecord(realIo.files, paths.mgr, { self, membership, durable: { ...newDurable, ...durable } });
}

const ask = (asker = partner, grantAbove: ReturnType<typeof epoch> | null = epoch(1)) =>
  answerFor(hostedAt(home), { mirror, member: self, asker, grantAbove });
const granted = () => readRecord(realIo.files, paths.mgr)?.durable.grant ?? null;

it('an instance that is down is granted, durably, above the epoch of its journal; its lock is free again', () => {
  expect(ask()).toMatchObject({ state: 'down', journal: { epoch: epoch(4) }, grant: { to: partner, above: epoch(4) }, refused: null });
  expect(granted()).toEqual({ to: partner, above: epoch(4) });
  acquireLock(paths.run, 'instance').release();
  expect(ask()).toMatchObject({ grant: { to: partner } });
});

it('asked without wanting a grant it promises nothing', () => {
  expect(ask(partner, null)).toMatchObject({ state: 'down', grant: null, refused: null, journal: { epoch: epoch(4) } });
  expect(granted()).toBeNull();
});

it('an instance that runs, or starts, is not granted', () => {
  const lock = acquireLock(paths.run, 'instance');
  try {
    expect(ask()).toMatchObject({ state: 'starting', grant: null, refused: { code: 'RUNNING' } });
    lock.setPhase('running');
    expect(ask()).toMatchObject({ state: 'operating', journal: null, refused: { code: 'RUNNING' } });
    expect(() => journalToServe(hostedAt(home), { mirror, member: self, asker: partner })).toThrow(
      expect.objectContaining({ code: 'REFUSED' }),
    );
    expect(granted()).toBeNull();
  } finally {
    lock.release();
  }
});

it('nobody but the partner is granted, and nobody against no failover', () => {
  expect(ask(stranger)).toMatchObject({ state: 'down', grant: null, refused: { code: 'NOT_PARTNER' } });
  write({ noFailover: epoch(4) });
  expect(ask()).toMatchObject({ noFailover: true, refused: { code: 'NO_FAILOVER' } });
  write({ stoppedNoFailover: true });
  expect(ask()).toMatchObject({ refused: { code: 'STOPPED_NOFAILOVER' } });
  expect(granted()).toBeNull();
});

it('a promise to one stands against another', () => {
  write({ grant: { to: stranger, above: epoch(4) } });
  expect(ask()).toMatchObject({ grant: null, refused: { code: 'GRANTED' } });
});

it('an unknown member or mirror is unknown', () => {
  expect(answerFor(hostedAt(home), { mirror: stranger, member: self, asker: partner, grantAbove: null })).toMatchObject({
    state: 'unknown',
    refused: { code: 'UNKNOWN' },
  });
  expect(answerFor(hostedAt(home), { mirror, member: stranger, asker: partner, grantAbove: null })).toMatchObject({
    state: 'unknown',
  });
});

it('serves the journal of an instance that is down to members only', () => {
  expect(journalToServe(hostedAt(home), { mirror, member: self, asker: partner }).lineage.at(-1)?.epoch).toEqual(epoch(4));
  expect(() => journalToServe(hostedAt(home), { mirror, member: self, asker: stranger })).toThrow(
    expect.objectContaining({ code: 'REFUSED' }),
  );
  expect(() => journalToServe(hostedAt(home), { mirror, member: stranger, asker: partner })).toThrow(
    expect.objectContaining({ code: 'NOT_FOUND' }),
  );
});

it('a damaged record gets no answer but an error, and no promise', () => {
  fs.writeFileSync(path.join(paths.mgr, 'mirror.json'), '{');
  expect(() => ask()).toThrow(expect.objectContaining({ code: 'DAMAGED' }));
});
