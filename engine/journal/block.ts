import { hash } from 'node:crypto';
import { assert } from '../io/assert.ts';
import { blockBytesMax, type Chain, type Position } from './types.ts';

/*
 * A block: 0 chain 16, 16 magic u32, 20 total length u32, 24 records u32, 28 flags u16, 30 header length u16, 32 epoch major u32,
 * 36 epoch minor u32, 40 time ms f64, 48 file u32, 52 offset u48, 58 zero, 64 chain before 16, 80 records.
 * chain = the first 16 bytes of SHA-256 over everything behind it, which holds the chain before: one check proves content and lineage.
 */
const magic = 0x314b4c42;
const magicBytes = Buffer.from('BLK1', 'latin1');
export const blockHeaderBytes = 80;
const flagBindings = 1;

/** What a block's header says. */
export interface BlockHeader {
  readonly length: number;
  readonly records: number;
  /** Begins with DATABASE records. */
  readonly hasBindings: boolean;
  readonly major: number;
  readonly minor: number;
  readonly timeMs: number;
  readonly start: Position;
  readonly end: Position;
  readonly previousChain: Chain;
  readonly chain: Chain;
}

export interface BlockSeal {
  readonly records: number;
  readonly hasBindings: boolean;
  readonly major: number;
  readonly minor: number;
  readonly timeMs: number;
  readonly start: Position;
}

function chainOf(block: Buffer): Buffer {
  return hash('sha256', block.subarray(16), 'buffer');
}

/**
 * Fills in the header of a block whose records stand in place, and chains it.
 * @param block header space and records
 * @param chain 16 bytes: the chain before; overwritten by the block's own
 */
export function sealBlock(block: Buffer, seal: BlockSeal, chain: Buffer): void {
  assert(block.length <= blockBytesMax, 'a block is not longer than a reader takes');
  block.writeUInt32LE(magic, 16);
  block.writeUInt32LE(block.length, 20);
  block.writeUInt32LE(seal.records, 24);
  block.writeUInt16LE(seal.hasBindings ? flagBindings : 0, 28);
  block.writeUInt16LE(blockHeaderBytes, 30);
  block.writeUInt32LE(seal.major, 32);
  block.writeUInt32LE(seal.minor, 36);
  block.writeDoubleLE(seal.timeMs, 40);
  block.writeUInt32LE(seal.start.file, 48);
  block.writeUIntLE(seal.start.offset, 52, 6);
  block.fill(0, 58, 64);
  chain.copy(block, 64);
  chainOf(block).copy(chain, 0, 0, 16);
  chain.copy(block, 0);
}

/** The header at `at` of `bytes`, or why there is none ("zeros", "no block"). Checks nothing but that it can be one. */
export function readBlockHeader(bytes: Buffer, at: number): BlockHeader | string {
  if (bytes.length - at < blockHeaderBytes) return 'fewer bytes than a block header';
  const found = bytes.readUInt32LE(at + 16);
  if (found === 0) return 'zeros';
  if (found !== magic) return 'no block header';
  const length = bytes.readUInt32LE(at + 20);
  if (length < blockHeaderBytes || length > blockBytesMax) return `a block length of ${length}`;
  const start = { file: bytes.readUInt32LE(at + 48), offset: bytes.readUIntLE(at + 52, 6) };
  return {
    length,
    records: bytes.readUInt32LE(at + 24),
    hasBindings: (bytes.readUInt16LE(at + 28) & flagBindings) !== 0,
    major: bytes.readUInt32LE(at + 32),
    minor: bytes.readUInt32LE(at + 36),
    timeMs: bytes.readDoubleLE(at + 40),
    start,
    end: { file: start.file, offset: start.offset + length },
    previousChain: bytes.toString('hex', at + 64, at + 80),
    chain: bytes.toString('hex', at, at + 16),
  };
}

/** Whether a whole block's content is what its chain says. */
export function isIntact(block: Buffer): boolean {
  return chainOf(block).compare(block, 0, 16, 0, 16) === 0;
}

/** Where the next thing that can be a block begins in `bytes` at or after `from`, or -1. */
export function findBlock(bytes: Buffer, from: number): number {
  const at = bytes.indexOf(magicBytes, from + 16);
  return at < 0 ? -1 : at - 16;
}
