import { CompressionType } from '../api/compression.ts';
import { decompress } from '../io/compression.ts';
import type { Position } from './failover/index.ts';
import { JOURNAL_MAX, journalFrame, kinds, Malformed, splitJournalFrame, type Kind } from './wire.ts';

/** Behind the durable position of a compressed frame: type u8, bytes of journal u32. */
const HEAD = 5;

/** Shorter journal goes as it is: what could be saved is not worth the work. */
export const COMPRESSED_MIN = 256;

const codes: Readonly<Record<CompressionType, number>> = { zstd: 1, lz4: 2, zlib: 3 };

/**
 * Journal with the durable position, as it goes out.
 * @param compressed the same by `type`; null: nothing was compressed. What has grown is left out.
 */
export function frameOf(durable: Position, content: Buffer, type: CompressionType | null, compressed: Buffer | null): Buffer {
  if (type === null || compressed === null || HEAD + compressed.length >= content.length)
    return journalFrame(kinds.block, durable, content);
  const head = Buffer.allocUnsafe(HEAD);
  head.writeUInt8(codes[type], 0);
  head.writeUInt32LE(content.length, 1);
  return journalFrame(kinds.compressed, durable, head, compressed);
}

/** Frames that bring journal. */
export function bringsJournal(kind: Kind): boolean {
  return kind === kinds.block || kind === kinds.compressed;
}

/**
 * The journal of a frame that brings it. Room is made for no more than a frame may hold.
 * @throws Malformed for what is no such frame
 */
export function journalOf(kind: Kind, payload: Buffer): { durable: Position; content: Buffer } {
  const { durable, content } = splitJournalFrame(payload);
  if (kind !== kinds.compressed) return { durable, content };
  if (content.length < HEAD) throw new Malformed('compressed journal is cut short');
  const code = content.readUInt8(0);
  const type = CompressionType.options.find((each) => codes[each] === code);
  if (type === undefined) throw new Malformed(`there is no compression ${code}`);
  const length = content.readUInt32LE(1);
  if (length > JOURNAL_MAX || length <= content.length) throw new Malformed(`compressed journal of ${length} bytes is impossible`);
  const journal = decompress(type, content.subarray(HEAD), length);
  if (journal === null) throw new Malformed(`journal is said to be compressed by ${type}, and is not`);
  return { durable, content: journal };
}
