import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { realFiles } from '../io/index.ts';
import { memberOf, newDurable, partnerOf, readRecord, recordPath, splitAddress, writeRecord, type MirrorRecord } from './membership.ts';

let mgr: string;

beforeEach(() => {
  mgr = fs.mkdtempSync(path.join(os.tmpdir(), 'gemel-record-'));
});

afterEach(() => fs.rmSync(mgr, { recursive: true, force: true }));

const member = (guid: string) => ({
  guid,
  name: guid.toUpperCase(),
  instance: guid,
  type: 'Failover' as const,
  superserverAddress: 'h:1',
  privateAddress: 'h:1',
  agentAddress: 'h:2188',
});
const record: MirrorRecord = {
  self: 'a',
  membership: {
    mirror: 'TEST',
    guid: 'm',
    version: 3,
    qosMs: 8000,
    arbiter: 'arb:2188',
    arbiterOnMemberHost: false,
    compression: { failover: 'system', async: 'system' },
    members: [member('a'), member('b')],
    databases: [{ name: 'DB', guid: 'd', created: { file: 1, offset: 4096 } }],
  },
  durable: {
    ...newDurable,
    grant: { to: 'b', above: { major: 1, minor: 2, member: 'a' } },
    noFailover: { major: 1, minor: 2, member: 'a' },
    yielded: { major: 1, minor: 1, member: 'a' },
    period: { epoch: { major: 1, minor: 2, member: 'a' }, n: 4, backup: 'b', ended: false },
  },
};

it('is found again as it was written', () => {
  expect(readRecord(realFiles, mgr, 'TEST')).toBeNull();
  writeRecord(realFiles, mgr, record);
  expect(readRecord(realFiles, mgr, 'TEST')).toEqual(record);
});

it('of an earlier version, it has the compression that the system selects', () => {
  const { compression: _compression, ...membership } = record.membership;
  fs.writeFileSync(recordPath(mgr, 'TEST'), JSON.stringify({ ...record, membership }));
  expect(readRecord(realFiles, mgr, 'TEST')?.membership).toEqual(record.membership);
});

it('damaged in any way, it is not taken for another one, and left as it is', () => {
  writeRecord(realFiles, mgr, record);
  const whole = fs.readFileSync(recordPath(mgr, 'TEST'), 'utf8');
  const { durable: _durable, ...without } = record;
  for (const text of [
    '',
    '{',
    whole.slice(0, -20),
    '[]',
    'null',
    JSON.stringify(without),
    JSON.stringify({ ...record, durable: { ...record.durable, grant: {} } }),
    JSON.stringify({ ...record, membership: { ...record.membership, members: [{ ...member('a'), type: 'Other' }] } }),
  ]) {
    fs.writeFileSync(recordPath(mgr, 'TEST'), text);
    expect(() => readRecord(realFiles, mgr, 'TEST'), text.slice(0, 40)).toThrow(expect.objectContaining({ code: 'DAMAGED' }));
    expect(fs.readFileSync(recordPath(mgr, 'TEST'), 'utf8')).toBe(text);
  }
});

it('knows members and partner; addresses of both families are split', () => {
  expect(memberOf(record.membership, 'b')?.name).toBe('B');
  expect(memberOf(record.membership, 'c')).toBeUndefined();
  expect(partnerOf(record.membership, 'a')?.guid).toBe('b');
  expect(partnerOf({ ...record.membership, members: [member('a')] }, 'a')).toBeNull();
  expect(splitAddress('host:2188')).toEqual({ host: 'host', port: 2188 });
  expect(splitAddress('[::1]:2188')).toEqual({ host: '::1', port: 2188 });
});
