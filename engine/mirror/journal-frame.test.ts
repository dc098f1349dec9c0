import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { CompressionType } from '../api/compression.ts';
import { realCompressor } from '../io/compression.ts';
import { frameOf, journalOf } from './journal-frame.ts';
import { FrameReader, kinds, Malformed, positionFrame, type Kind } from './wire.ts';

const durable = { file: 7, offset: 123_456 };
const text = Buffer.from('^account(17,"balance")=100 '.repeat(40));

/** A frame as the other side finds it. */
function arrived(frame: Buffer): { kind: Kind; payload: Buffer } {
  const found: { kind: Kind; payload: Buffer }[] = [];
  new FrameReader(false).push(frame, (kind, payload) => found.push({ kind, payload }));
  const [only] = found;
  if (only === undefined || found.length !== 1) throw new Error(`${found.length} frames came`);
  return only;
}

function compressedFrame(type: CompressionType, content: Buffer): Buffer {
  return frameOf(durable, content, type, realCompressor.compressNow(type, content));
}

describe.each(CompressionType.options)('%s', (type) => {
  it('what goes out comes in, whatever it is, and is never longer than it was', () => {
    const content = fc
      .tuple(fc.uint8Array({ maxLength: 500 }), fc.nat(50))
      .map(([a, n]) => Buffer.concat(Array.from({ length: n }, () => a)));
    fc.assert(
      fc.property(content, (bytes) => {
        const frame = compressedFrame(type, bytes);
        const { kind, payload } = arrived(frame);
        expect(journalOf(kind, payload)).toEqual({ durable, content: bytes });
        expect(frame.length).toBeLessThanOrEqual(frameOf(durable, bytes, null, null).length);
      }),
    );
  });

  it('goes compressed when that saves something', () => {
    const { kind, payload } = arrived(compressedFrame(type, text));
    expect(kind).toBe(kinds.compressed);
    expect(payload.length).toBeLessThan(text.length / 4);
  });

  it('damaged in any byte of its content it is refused, or is journal of the same length', () => {
    const { kind, payload } = arrived(compressedFrame(type, text));
    for (let at = 12; at < payload.length; at += 1) {
      const damaged = Buffer.from(payload);
      damaged.writeUInt8(damaged.readUInt8(at) ^ 0x55, at);
      const found = readOrRefuse(kind, damaged);
      if (found !== 'refused') expect(found).toBe(text.length);
    }
  });
});

function readOrRefuse(kind: Kind, payload: Buffer): number | 'refused' {
  try {
    return journalOf(kind, payload).content.length;
  } catch (error) {
    if (error instanceof Malformed) return 'refused';
    throw error;
  }
}

it('what would grow goes as it is', () => {
  const bytes = Buffer.from(Array.from({ length: 300 }, (_, i) => (i * 2_654_435_761) >>> 24));
  const grown = Buffer.alloc(296);
  expect(arrived(frameOf(durable, bytes, 'zstd', grown)).kind).toBe(kinds.block);
  expect(arrived(frameOf(durable, bytes, 'zstd', null)).kind).toBe(kinds.block);
});

describe('a message of no member of ours', () => {
  const position = positionFrame(kinds.durable, durable).subarray(5);
  const compressed = (code: number, length: number, rest: Buffer): Buffer => {
    const head = Buffer.alloc(5);
    head.writeUInt8(code, 0);
    head.writeUInt32LE(length, 1);
    return Buffer.concat([position, head, rest]);
  };

  it.each([
    ['a head that is cut short', Buffer.concat([position, Buffer.alloc(4)]), 'cut short'],
    ['a position that is cut short', Buffer.alloc(11), 'cut short'],
    ['a compression that there is not', compressed(9, 1000, Buffer.alloc(50)), 'no compression 9'],
    ['more than a frame holds', compressed(1, 0xffff_ffff, Buffer.alloc(50)), 'impossible'],
    ['no less than it was compressed from', compressed(1, 40, Buffer.alloc(50)), 'impossible'],
    ['bytes that are not compressed', compressed(1, 1000, Buffer.alloc(50, 'x')), 'is not'],
    [
      'another length than was said',
      compressed(1, 999, realCompressor.compressNow('zstd', Buffer.alloc(1000)) ?? Buffer.alloc(0)),
      'is not',
    ],
  ])('%s', (_what, payload, why) => {
    expect(() => journalOf(kinds.compressed, payload)).toThrow(Malformed);
    expect(() => journalOf(kinds.compressed, payload)).toThrow(why);
  });
});
