import { crc32 } from 'node:zlib';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { blockHeaderBytes, isIntact, readBlockHeader } from './block.ts';
import { crc32Range } from './crc32.ts';
import { GemelError } from '../api/errors.ts';
import { decodeHeader, encodeHeader, lineageMax } from './header.ts';
import { makeBinding, OpenBlock } from './open-block.ts';
import { forEachRecord } from './record.ts';
import { memberA, mirrorJournal } from './test-support.ts';
import { emptyChain, recordTypes, type JournalHeader, type LineageEntry } from './types.ts';

const bytes = fc.uint8Array({ maxLength: 60 }).map((values) => Buffer.from(values).latin1Slice());
const record = fc.record({
  type: fc.constantFrom(recordTypes.set, recordTypes.kill, recordTypes.killMark, recordTypes.tstart, recordTypes.mark),
  compensation: fc.boolean(),
  session: fc.nat({ max: 0xffff_ffff }),
  transaction: fc.maxSafeInteger().map((n) => Math.abs(n) % 2 ** 48),
  key: bytes,
  value: bytes,
  old: fc.option(bytes, { nil: undefined }),
});

test('the checksum is that of zlib, at any place and length', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 3000 }), fc.nat({ max: 50 }), (values, from) => {
      const start = Math.min(from, values.length);
      expect(crc32Range(values, start, values.length)).toBe(crc32(values.subarray(start)));
    }),
  );
});

test('records come back as they were written', () => {
  fc.assert(
    fc.property(fc.array(record, { minLength: 1, maxLength: 30 }), fc.boolean(), (records, bound) => {
      const block = new OpenBlock();
      block.restart(1);
      const binding = makeBinding(7, { name: 'DATENBANK-Ü', guid: memberA });
      if (bound) block.use(binding);
      for (const r of records) block.add(r.type, r.compensation, bound ? 7 : 0, r.session, r.transaction, r.key, r.value, r.old);
      const chain = Buffer.alloc(16);
      const { memory, from, length } = block.seal({ major: 3, minor: 4, timeMs: 1234.5, start: { file: 9, offset: 2 ** 40 } }, chain);
      const sealed = Buffer.from(memory, from, length);
      expect(readBlockHeader(sealed, 0)).toEqual({
        length,
        records: records.length + (bound ? 1 : 0),
        hasBindings: bound,
        major: 3,
        minor: 4,
        timeMs: 1234.5,
        start: { file: 9, offset: 2 ** 40 },
        end: { file: 9, offset: 2 ** 40 + length },
        previousChain: emptyChain,
        chain: chain.toString('hex'),
      });
      expect(isIntact(sealed)).toBe(true);
      const seen: unknown[] = [];
      forEachRecord(sealed, (view) => {
        if (view.type === recordTypes.database)
          expect([Buffer.from(view.key, 'latin1').toString('utf8'), view.value]).toEqual(['DATENBANK-Ü', memberA]);
        else
          seen.push({
            type: view.type,
            compensation: view.compensation,
            session: view.session,
            transaction: view.transaction,
            key: view.key,
            value: view.value,
            old: view.old,
          });
      });
      expect(seen).toEqual(records);
    }),
  );
});

test('a changed byte anywhere in a block is noticed', () => {
  const block = new OpenBlock();
  block.restart(1);
  block.add(recordTypes.set, false, 0, 1, 0, 'key', 'value', 'old');
  const { memory, from, length } = block.seal({ major: 1, minor: 0, timeMs: 0, start: { file: 1, offset: 4096 } }, Buffer.alloc(16));
  const sealed = Buffer.from(memory, from, length);
  for (let i = 0; i < length; i++) {
    sealed.writeUInt8(sealed.readUInt8(i) ^ 0x10, i);
    expect(isIntact(sealed)).toBe(false);
    if (i >= blockHeaderBytes) expect(() => forEachRecord(sealed, () => undefined)).toThrow(/journal record/);
    sealed.writeUInt8(sealed.readUInt8(i) ^ 0x10, i);
  }
  expect(isIntact(sealed)).toBe(true);
});

function entry(minor: number): LineageEntry {
  return {
    epoch: { major: 1, minor, member: memberA },
    first: { file: minor, offset: 4096 },
    previousEnd: { file: minor - 1, offset: 5000 + minor },
    previousChain: 'ab'.repeat(16),
  };
}

const header: JournalHeader = {
  number: 12,
  fileName: 'MIRROR-TEST-20261121.003',
  journal: mirrorJournal,
  createdMs: 1_795_225_857_281,
  epoch: { major: 1, minor: 5, member: memberA },
  previousEnd: 2 ** 33 + 17,
  chain: '0123456789abcdef0123456789abcdef',
  lineage: [entry(4), entry(5)],
  forgottenEpochs: 0,
};

test('a header comes back as it was written', () => {
  expect(decodeHeader(encodeHeader(header), 'x')).toEqual(header);
});

test('a header forgets the oldest of very many epochs, and says how many', () => {
  const lineage = Array.from({ length: lineageMax + 10 }, (_, i) => entry(i + 1));
  const read = decodeHeader(encodeHeader({ ...header, lineage, forgottenEpochs: 3 }), 'x');
  expect(read.forgottenEpochs).toBe(13);
  expect(read.lineage).toEqual(lineage.slice(10));
});

test('a header that is cut short is refused, wherever it is cut', () => {
  const sound = encodeHeader(header);
  for (let length = 0; length < 64; length++) expect(() => decodeHeader(sound.subarray(0, length), 'x')).toThrow(GemelError);
  expect(() => decodeHeader(sound.subarray(0, sound.length - 1), 'x')).toThrow(/damaged/);
});

test('a header that is foreign, of another format or damaged is refused with its reason', () => {
  const sound = encodeHeader(header);
  expect(() => decodeHeader(Buffer.alloc(4096), 'some/file')).toThrow(/some\/file is not a journal file/);
  const newer = Buffer.from(sound);
  newer.writeUInt32LE(99, 8);
  expect(() => decodeHeader(newer, 'x')).toThrow(/format 99/);
  const damaged = Buffer.from(sound);
  damaged.writeUInt8(1, 3000);
  expect(() => decodeHeader(damaged, 'x')).toThrow(/damaged/);
  expect(() => decodeHeader(sound.subarray(0, 4095), 'x')).toThrow(/damaged/);
});
