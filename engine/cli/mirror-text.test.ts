import { expect, it } from 'vitest';
import type { MirrorStatus, MonitorSnapshot, WhatIf } from '../api/status.ts';
import { configurationText, forceText, mirrorText, monitorText, promotionText, whatIfText } from './mirror-text.ts';

const member = { type: 'Failover', dn: null, position: null, privateAddress: 'h', agentAddress: 'h:2188' } as const;
const status: MirrorStatus = {
  mirror: 'DEMO',
  thisMember: 'B',
  noFailover: true,
  members: [
    {
      ...member,
      name: 'A',
      status: 'Primary',
      journalTransfer: 'N/A',
      journalLatencyMs: null,
      dejournaling: 'N/A',
      dejournalLatencyMs: null,
      superserverAddress: 'h:1972',
    },
    {
      ...member,
      name: 'B',
      status: 'Backup',
      journalTransfer: 'Active',
      journalLatencyMs: 0.25,
      dejournaling: 'Caught up',
      dejournalLatencyMs: 12,
      superserverAddress: 'h:1973',
    },
  ],
  arbiter: {
    address: 'h|2190',
    failoverMode: 'Arbiter Controlled',
    connectionStatus: 'Both failover members are connected to the arbiter',
  },
  incomingRate: null,
  databases: [{ name: 'DB', directory: '/d', status: 'Normal', nextRecord: 'Current', failoverDB: true }],
  missingDatabases: ['LOST'],
};

it('shows members, arbiter and databases', () => {
  expect(mirrorText(status)).toBe(`Mirror              DEMO
Arbiter             h|2190
Failover mode       Arbiter Controlled
Arbiter connection  Both failover members are connected to the arbiter
No failover         set: the backup will not take over
Missing here        LOST

MEMBER (* THIS)  TYPE      STATUS   JOURNAL TRANSFER  DEJOURNALING         SUPERSERVER
A                Failover  Primary  N/A               N/A                  h:1972
B *              Failover  Backup   Active (0.3 ms)   Caught up (12.0 ms)  h:1973

DATABASE  STATUS  NEXT RECORD  FAILOVERDB  DIRECTORY
DB        Normal  Current      set         /d
`);
});

it('shows what is set for the mirror', () => {
  const text = configurationText({
    mirror: 'DEMO',
    version: 4,
    thisMember: 'A',
    qosMs: 8000,
    arbiter: null,
    compression: { failover: 'system', async: 'zstd' },
    parallelDejournaling: 'all',
    vip: { address: '10.0.2.9/24', interface: 'eth0' },
    members: [
      {
        name: 'A',
        guid: 'a',
        instance: 'ONE',
        type: 'Failover',
        superserverAddress: 'h:1972',
        privateAddress: 'p:1972',
        agentAddress: 'h:2188',
        vipInterface: null,
      },
    ],
    databases: ['DB'],
  });
  expect(text).toBe(`Mirror                 DEMO
Version                4
QoS timeout            8000 ms
Arbiter                none
Compression, failover  system
Compression, async     zstd
Parallel dejournaling  all
Virtual address        10.0.2.9/24 on eth0
TLS                    not required
Databases              DB

MEMBER (* THIS)  TYPE      INSTANCE  SUPERSERVER  PRIVATE  AGENT   INTERFACE
A *              Failover  ONE       h:1972       p:1972   h:2188  eth0
`);
});

it('says why a database does not follow the mirror', () => {
  const [database] = status.databases;
  if (database === undefined) return expect.unreachable('there is one');
  const text = mirrorText({ ...status, databases: [{ ...database, status: 'Needs Catchup', reason: 'Its journal is gone: restore it.' }] });
  expect(text.endsWith('\n\nDB: Its journal is gone: restore it.\n')).toBe(true);
});

it('says what is not known instead of showing nothing', () => {
  const snapshot: MonitorSnapshot = {
    at: 0,
    instance: { name: 'I', directory: '/i', state: 'running', pid: 1, version: '1', superserverPort: 1, webPort: 2, mirrors: [] },
    mirror: null,
    lag: [],
    metrics: { at: 0, updatesPerS: 0, journalKBs: 0, commitLatencyMs: null, executorStallMsMax: 0, clients: 3, memoryMB: 80 },
    readiness: [{ check: 'Arbiter', ok: null, reason: 'not asked yet' }],
  };
  const text = monitorText(snapshot);
  expect(text).toContain('in no mirror');
  expect(text).toContain('none in the last second');
  expect(text).toMatch(/unknown +Arbiter +not asked yet/);
});

it('says what would happen, with who is primary, the pause, the data at risk and why', () => {
  const common = { dataAtRisk: 'none', code: 'VERDICT', facts: {}, why: ['One.', 'Two.'] } as const;
  const all: WhatIf[] = [
    { ...common, why: [...common.why], fault: 'primary-host-lost', outcome: 'backup-takes-over', primary: 'B', timeMs: { atMost: 3000 } },
    { ...common, why: [], fault: 'arbiter-lost', outcome: 'primary-continues', primary: 'A', timeMs: { atMost: 0 } },
    { ...common, why: [], fault: 'primary-isolated', outcome: 'nobody-is-primary', primary: null, timeMs: null, dataAtRisk: 'if-forced' },
  ];
  const [, first, second, third, empty, ...why] = whatIfText(all).split('\n');
  expect(first).toMatch(/^the primary's whole host fails +B takes over +3\.0 s at most +safe +\(1\)$/);
  expect(second).toMatch(/^the arbiter's host fails +A goes on +no pause +safe/);
  expect(third).toMatch(/^the primary's host is cut off from all others +nobody +until repaired +at risk if forced/);
  expect(empty).toBe('');
  expect(why[0]).toBe('(1) One. Two. [VERDICT]');
});

it('gives each reason once, in lines that fit a terminal', () => {
  const each = { outcome: 'primary-continues', primary: 'A', dataAtRisk: 'none', timeMs: { atMost: 0 }, facts: {} } as const;
  const long = Array.from({ length: 40 }, (_, n) => `word${n}`).join(' ');
  const text = whatIfText([
    { ...each, fault: 'backup-lost', why: [long], code: 'X' },
    { ...each, fault: 'arbiter-lost', why: ['Short.'], code: 'Y' },
    { ...each, fault: 'members-disconnected', why: [long], code: 'X' },
  ]);
  expect(
    text
      .split('\n')
      .slice(1, 4)
      .map((line) => line.slice(-3)),
  ).toEqual(['(1)', '(2)', '(1)']);
  const why = text.slice(text.indexOf('(1) '));
  expect(why.replaceAll(/\s+/g, ' ').trim()).toBe(`(1) ${long} [X] (2) Short. [Y]`);
  expect(Math.max(...why.split('\n').map((line) => line.length))).toBeLessThanOrEqual(104);
});

it('says before forcing whether the member was active, and from which position on data may be lost', () => {
  const facts = { file: 98, offset: 4096, path: '/j/MIRROR-T-20260101.009' };
  expect(forceText({ ...facts, wasActive: 1 })).toMatch(
    /was an active backup.*nothing acknowledged is lost.*file 98, position 4096 .*\.009/s,
  );
  expect(forceText({ ...facts, wasActive: 0 })).toMatch(/was not an active backup.*after journal file 98, position 4096 .*would be lost/s);
});

it('says which agents a promotion could not reach, and what each choice means', () => {
  const text = promotionText({ unreachable: 'A (h:2188)', lastPrimary: 'A', members: 'A, B' });
  expect(text).toMatch(/no answer: A \(h:2188\)\.\nPrimary last.*: A\. Choose.*among A, B, or none/);
  for (const part of ['--partner MEMBER', '--partner none', 'clear-nofailover', 'ValidatedMember=0']) expect(text).toContain(part);
});
