import { deflateSync, zstdCompressSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { CompressionType } from '../api/compression.ts';
import { decompress, realCompressor } from './compression.ts';

const random = fc.uint8Array({ minLength: 1, maxLength: 2000 });
/** Records as a journal has them: alike, with few bytes of their own. */
const journalLike = fc
  .array(fc.tuple(fc.nat(500_000), fc.uint8Array({ minLength: 8, maxLength: 8 })), { minLength: 1, maxLength: 300 })
  .map((records) => Buffer.concat(records.flatMap(([key, value]) => [Buffer.from(`BENCH ^key${key}`.padEnd(40)), value])));
const content = fc.oneof(random, journalLike).map((bytes) => Buffer.from(bytes));

function compressed(type: CompressionType, bytes: Uint8Array): Buffer {
  const found = realCompressor.compressNow(type, bytes);
  if (found === null) throw new Error(`${type} cannot be used here`);
  return found;
}

function onAnotherThread(type: CompressionType, bytes: Uint8Array): Promise<Buffer | null> {
  return new Promise((resolve) => realCompressor.compress(type, bytes, resolve));
}

function aside(type: CompressionType, bytes: Uint8Array): Promise<Buffer | null> {
  return new Promise((resolve) => realCompressor.compressAside(type, bytes, resolve));
}

describe.each(CompressionType.options)('%s', (type) => {
  it('gives back what it took, whichever thread took it', async () => {
    await fc.assert(
      fc.asyncProperty(content, async (bytes) => {
        const other = await onAnotherThread(type, bytes);
        expect(decompress(type, compressed(type, bytes), bytes.length)).toEqual(bytes);
        expect(other === null ? null : decompress(type, other, bytes.length)).toEqual(bytes);
        expect(await aside(type, bytes)).toEqual(compressed(type, bytes));
      }),
    );
  });

  it('compresses a part of a larger buffer as it does a buffer of its own', () => {
    const all = Buffer.from('before'.repeat(50) + 'the part '.repeat(50) + 'behind'.repeat(50));
    const part = all.subarray(300, 750);
    expect(decompress(type, compressed(type, part), part.length)?.toString()).toBe('the part '.repeat(50));
  });

  it('takes only what has exactly the length that was said', () => {
    fc.assert(
      fc.property(content, fc.integer({ min: -50, max: 50 }), (bytes, more) => {
        const said = Math.max(1, bytes.length + more);
        const found = decompress(type, compressed(type, bytes), said);
        expect(found !== null).toBe(said === bytes.length);
      }),
    );
  });

  it('any bytes, and any damage, give nothing or something of that length; nothing is thrown', () => {
    fc.assert(
      fc.property(content, fc.array(fc.tuple(fc.nat(), fc.nat(255)), { maxLength: 4 }), fc.boolean(), (bytes, damage, isRandom) => {
        const damaged = Buffer.from(isRandom ? bytes : compressed(type, bytes));
        for (const [at, value] of damage) damaged[at % damaged.length] = value;
        const found = decompress(type, damaged, bytes.length);
        expect(found === null || found.length === bytes.length).toBe(true);
      }),
    );
  });

  it('what is cut off gives nothing', () => {
    const bytes = Buffer.from('0123456789'.repeat(1000));
    const whole = compressed(type, bytes);
    for (let length = 0; length < whole.length; length += 1) expect(decompress(type, whole.subarray(0, length), bytes.length)).toBeNull();
  });

  it('makes no room for more than was said, whatever the bytes promise', () => {
    const huge = Buffer.alloc(300 * 1024 * 1024);
    const bomb = type === 'lz4' ? lz4Bomb() : type === 'zstd' ? zstdCompressSync(huge) : deflateSync(huge, { level: 1 });
    const before = process.memoryUsage().rss;
    expect(decompress(type, bomb, 1000)).toBeNull();
    expect(process.memoryUsage().rss - before).toBeLessThan(100 * 1024 * 1024);
  });
});

/** Says that 3 GB come out. */
function lz4Bomb(): Buffer {
  const bytes = compressed('lz4', Buffer.alloc(100_000));
  bytes.writeUInt32LE(3_000_000_000, 0);
  return bytes;
}
