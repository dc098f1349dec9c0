import { createHash } from 'node:crypto';
import { BackupHead } from '../../api/backup.ts';

/*
 * A backup file: a prelude, the head as JSON and its SHA-256; then pieces, each a header, the content (compressed where that is
 * smaller) and the SHA-256 over the hash before it, the header and the content. So each hash proves everything up to it. The last piece
 * says that it is the last one.
 */

const MAGIC = 'GEMELBAK';
export const FORMAT = 1;
export const PRELUDE_BYTES = 16;
export const HASH_BYTES = 32;
export const PIECE_HEADER_BYTES = 28;
/** "GBPC" */
const PIECE_MAGIC = 0x47425043;
/** Content of a piece, before it is compressed. */
export const PIECE_BYTES = 1024 * 1024;
/** A head longer than this is none. */
export const HEAD_BYTES_MAX = 64 * 1024 * 1024;

/** 'file': of a database's file; 'undo': of what its open transactions changed; 'end': the last one. */
export const pieceKinds = ['file', 'undo', 'end'] as const;
export type PieceKind = (typeof pieceKinds)[number];

export interface PieceHeader {
  readonly kind: PieceKind;
  readonly isCompressed: boolean;
  /** Index in the head's databases; 0 of the last piece. */
  readonly database: number;
  readonly rawBytes: number;
  readonly storedBytes: number;
  /** Of the content, within the database's file or undo. */
  readonly offset: number;
}

export function sha256(...parts: readonly Uint8Array[]): Buffer {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(part);
  return hash.digest();
}

/** Prelude, head and hash. */
export function encodeHead(head: BackupHead): Buffer {
  const json = Buffer.from(JSON.stringify(head));
  const prelude = Buffer.alloc(PRELUDE_BYTES);
  prelude.latin1Write(MAGIC, 0);
  prelude.writeUInt32LE(FORMAT, 8);
  prelude.writeUInt32LE(json.length, 12);
  return Buffer.concat([prelude, json, sha256(prelude, json)]);
}

/** null: no backup at all. */
export function decodePrelude(prelude: Buffer): { readonly format: number; readonly headBytes: number } | null {
  if (prelude.length < PRELUDE_BYTES || prelude.latin1Slice(0, MAGIC.length) !== MAGIC) return null;
  return { format: prelude.readUInt32LE(8), headBytes: prelude.readUInt32LE(12) };
}

/** null: it makes no sense. */
export function decodeHead(json: Buffer): BackupHead | null {
  try {
    return BackupHead.safeParse(JSON.parse(json.toString('utf8'))).data ?? null;
  } catch {
    return null;
  }
}

export function encodePieceHeader({ kind, isCompressed, database, rawBytes, storedBytes, offset }: PieceHeader): Buffer {
  const bytes = Buffer.alloc(PIECE_HEADER_BYTES);
  bytes.writeUInt32BE(PIECE_MAGIC, 0);
  bytes.writeUInt8(pieceKinds.indexOf(kind), 4);
  bytes.writeUInt8(isCompressed ? 1 : 0, 5);
  bytes.writeUInt16LE(database, 6);
  bytes.writeUInt32LE(rawBytes, 8);
  bytes.writeUInt32LE(storedBytes, 12);
  bytes.writeBigUInt64LE(BigInt(offset), 16);
  return bytes;
}

/** null: it is none, or promises what none has. */
export function decodePieceHeader(bytes: Buffer): PieceHeader | null {
  const kind = pieceKinds[bytes.readUInt8(4)];
  const rawBytes = bytes.readUInt32LE(8);
  const storedBytes = bytes.readUInt32LE(12);
  if (bytes.readUInt32BE(0) !== PIECE_MAGIC || kind === undefined) return null;
  if (rawBytes > PIECE_BYTES || storedBytes > rawBytes) return null;
  return {
    kind,
    isCompressed: bytes.readUInt8(5) === 1,
    database: bytes.readUInt16LE(6),
    rawBytes,
    storedBytes,
    offset: Number(bytes.readBigUInt64LE(16)),
  };
}
