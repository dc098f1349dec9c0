import { systemSelected } from '../api/compression.ts';
import fs from 'node:fs';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { instancePaths, type InstancePaths } from '../instance/host.ts';
import { register } from '../instance/registry.ts';
import { realIo } from '../io/index.ts';
import { realNet } from '../io/net.ts';
import { Journal, JournalWriter, ThreadDisk } from '../journal/index.ts';
import { askAgent, newDurable, readRecord, recordPath, writeRecord } from '../mirror/index.ts';
import { fetchJournal } from '../mirror/agent-client.ts';
import type { Peer } from './host.ts';
import { hostedAt } from './hosted.ts';
import { startPeer } from './peer.ts';

const guid = (n: number): string => `00000000-0000-4000-8000-00000000000${n}`;
const [mirror, self, partner] = [guid(1), guid(2), guid(3)];
const epoch = { major: 1, minor: 4, member: self };
const env = { net: realNet, clock: realIo.clock };
let home: string;
let paths: InstancePaths;
let peer: Peer;

beforeEach(async () => {
  home = fs.mkdtempSync(path.join(os.tmpdir(), 'gemel-peer-'));
  const directory = path.join(home, 'instances', 'A');
  paths = instancePaths(directory);
  for (const made of [paths.mgr, paths.run, paths.journal]) fs.mkdirSync(made, { recursive: true });
  register(home, { name: 'A', directory });
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
  writeRecord(realIo.files, paths.mgr, { self, membership, durable: newDurable });
  const journal = Journal.open({
    io: realIo,
    directory: paths.journal,
    journal: { kind: 'mirror', name: 'TEST', guid: mirror },
    member: self,
  });
  await (await JournalWriter.open({ io: realIo, journal, disk: new ThreadDisk(), epoch })).close();
  peer = await startPeer({
    host: '127.0.0.1',
    port: 0,
    net: realNet,
    hosted: hostedAt(home),
    log: () => undefined,
    admit: () => Promise.reject(new Error('nobody joins here')),
    inventory: () => Promise.resolve([]),
  });
});

afterEach(async () => {
  await peer.close();
  fs.rmSync(home, { recursive: true, force: true });
});

const at = () => [{ host: '127.0.0.1', port: peer.port }];
const grantNow = () => readRecord(realIo.files, paths.mgr, 'TEST')?.durable.grant ?? null;

it('promises over the wire, and serves the journal', async () => {
  const asked = await askAgent(env, at(), { t: 'ask', mirror, member: self, asker: partner, grantAbove: epoch }, 10_000);
  expect(asked).toMatchObject({ t: 'answer', answer: { state: 'down', grant: { to: partner, above: epoch } } });
  expect(asked.t === 'answer' && asked.answer.grant).toEqual(grantNow());

  const pieces: Buffer[] = [];
  let end = 0;
  await fetchJournal(
    env,
    at(),
    { t: 'fetch', mirror, member: self, asker: partner },
    10_000,
    async (reach) => {
      expect(reach.lineage.at(-1)?.epoch).toEqual(epoch);
      end = reach.end.position.offset;
      return { file: reach.end.position.file, offset: 0 };
    },
    (bytes) => void pieces.push(bytes),
  );
  const [file = ''] = fs.readdirSync(paths.journal).filter((name) => name.startsWith('MIRROR-'));
  expect(Buffer.concat(pieces).equals(fs.readFileSync(path.join(paths.journal, file)).subarray(0, end))).toBe(true);
});

it('answers what it cannot do with an error, and goes on', async () => {
  const stranger = { t: 'fetch', mirror, member: self, asker: guid(9) } as const;
  await expect(
    fetchJournal(
      env,
      at(),
      stranger,
      10_000,
      async () => null,
      () => undefined,
    ),
  ).rejects.toMatchObject({ code: 'REFUSED' });
  await expect(askAgent(env, at(), { t: 'fetch-from', from: { file: 1, offset: 0 } }, 10_000)).rejects.toMatchObject({ code: 'USAGE' });
  fs.writeFileSync(recordPath(paths.mgr, 'TEST'), '{');
  const ask = { t: 'ask', mirror, member: self, asker: partner, grantAbove: epoch } as const;
  await expect(askAgent(env, at(), ask, 10_000)).rejects.toMatchObject({ code: 'DAMAGED' });
});

it('bytes that are no question end their connection, not the agent', async () => {
  for (const garbage of ['GET / HTTP/1.1\r\n\r\n', '\xff'.repeat(70_000)]) {
    const socket = net.connect(peer.port, '127.0.0.1');
    // It may end with a reset.
    socket.on('error', () => undefined);
    const closed = new Promise<void>((resolve) => socket.once('close', () => resolve()));
    socket.resume();
    socket.write(Buffer.from(garbage, 'latin1'));
    await closed;
  }
  expect(await askAgent(env, at(), { t: 'ask', mirror, member: self, asker: partner, grantAbove: null }, 10_000)).toMatchObject({
    t: 'answer',
  });
});
