import zlib, { constants } from 'node:zlib';
import { createRequire } from 'node:module';
import type * as Lz4 from 'lz4-napi';
import { CompressionType } from '../api/compression.ts';
import { AsideCompressor } from './aside-compressor.ts';

/** Compresses; whoever takes the bytes in again uses `decompress`. */
export interface Compressor {
  /** On this thread: for what is small. null when it could not be done. */
  compressNow(type: CompressionType, bytes: Uint8Array): Buffer | null;
  /** On another thread; `bytes` may not change before. Calls back with null when it could not be done. Not in order. */
  compress(type: CompressionType, bytes: Uint8Array, done: (compressed: Buffer | null) => void): void;
  /** The same by a thread that gets a tenth of a processor where others want it: for what nobody waits for. In order. */
  compressAside(type: CompressionType, bytes: Uint8Array, done: (compressed: Buffer | null) => void): void;
}

interface Codec {
  compressNow(bytes: Uint8Array): Buffer;
  compress(bytes: Uint8Array): Promise<Buffer>;
  /** At most `length` bytes come out; throws for more, and for what is none of its own. */
  decompress(bytes: Uint8Array, length: number): Buffer;
}

// Fast ones: what higher levels save of a journal is not worth their time.
const ZSTD = { params: { [constants.ZSTD_c_compressionLevel]: 1 } };
const ZLIB = { level: 1 };
/** zlib's own lower limit, and what is taken in one go. */
const [CHUNK_MIN, CHUNK_MAX] = [64, 256 * 1024];

function bounded(length: number): { maxOutputLength: number; chunkSize: number } {
  return { maxOutputLength: length, chunkSize: Math.min(Math.max(length, CHUNK_MIN), CHUNK_MAX) };
}

type Callback = (error: Error | null, result: Buffer) => void;

function promised(act: (done: Callback) => void): Promise<Buffer> {
  return new Promise((resolve, reject) => act((error, result) => (error === null ? resolve(result) : reject(error))));
}

const zstd: Codec = {
  compressNow: (bytes) => zlib.zstdCompressSync(bytes, ZSTD),
  compress: (bytes) => promised((done) => zlib.zstdCompress(bytes, ZSTD, done)),
  decompress: (bytes, length) => zlib.zstdDecompressSync(bytes, bounded(length)),
};

const deflate: Codec = {
  compressNow: (bytes) => zlib.deflateSync(bytes, ZLIB),
  compress: (bytes) => promised((done) => zlib.deflate(bytes, ZLIB, done)),
  decompress: (bytes, length) => zlib.inflateSync(bytes, bounded(length)),
};

/** What lz4-napi makes begins with the length of the content, u32: it makes room for that before it looks at the rest. */
const LZ4_HEAD = 4;

const lz4: Codec = {
  compressNow: (bytes) => lz4Package().compressSync(asBuffer(bytes)),
  compress: async (bytes) => lz4Package().compress(bytes),
  decompress: (bytes, length) => {
    const all = asBuffer(bytes);
    if (all.length < LZ4_HEAD || all.readUInt32LE(0) > length) throw new Error('more comes out than was said');
    return lz4Package().uncompressSync(all);
  },
};

function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

let loaded: typeof Lz4 | null = null;

/** Loaded when it is used for the first time: it has a native binary, and few mirrors use it. */
function lz4Package(): typeof Lz4 {
  loaded ??= createRequire(import.meta.url)('lz4-napi') as typeof Lz4;
  return loaded;
}

let taken: readonly CompressionType[] | null = null;

/** What can be decompressed on this system: not every one has a binary of lz4. */
export function compressionsTaken(): readonly CompressionType[] {
  taken ??= CompressionType.options.filter((type) => type !== 'lz4' || hasLz4());
  return taken;
}

function hasLz4(): boolean {
  try {
    lz4Package();
    return true;
  } catch {
    return false;
  }
}

const codecs: Readonly<Record<CompressionType, Codec>> = { zstd, lz4, zlib: deflate };

/**
 * Exactly `length` bytes of content; no more than that is ever made room for, whatever `bytes` say.
 * @returns null when `bytes` are not that content, compressed
 */
export function decompress(type: CompressionType, bytes: Uint8Array, length: number): Buffer | null {
  let content: Buffer;
  try {
    content = codecs[type].decompress(bytes, length);
  } catch {
    return null;
  }
  return content.length === length ? content : null;
}

/** On this thread. null: no memory for it, or no binary of lz4 for this system; then journal goes as it is. */
export function compressNow(type: CompressionType, bytes: Uint8Array): Buffer | null {
  try {
    return codecs[type].compressNow(bytes);
  } catch {
    return null;
  }
}

let aside: AsideCompressor | null = null;

export const realCompressor: Compressor = {
  compressNow,
  compress: (type, bytes, done) => {
    codecs[type].compress(bytes).then(done, () => done(null));
  },
  compressAside: (type, bytes, done) => {
    aside ??= new AsideCompressor();
    aside.compress(type, bytes, done);
  },
};
