import { crc32 } from 'node:zlib';
import { GemelError } from '../api/errors.ts';
import { assert } from '../io/assert.ts';
import { dataStart, type Epoch, type JournalHeader, type LineageEntry, type Position } from './types.ts';

/*
 * 0 magic "GEMELJRN", 8 format version u32, 12 CRC32 of the rest u32 (from 16 on), 16 file number u32, 20 kind u8,
 * 24 journal GUID 16, 40 created ms f64, 48 epoch 24, 72 previous end u48, 80 chain 16, 96 forgotten epochs u32, 100 lineage
 * entries u32, 104 journal name (u8 length, 63 bytes), 168 file name (u8 length, 87 bytes), 256 lineage entries of 60 bytes.
 */
const magic = 'GEMELJRN';
const version = 1;
const lineageAt = 256;
const entryBytes = 60;
/** How many epochs a header can hold; older ones are forgotten. */
export const lineageMax = Math.floor((dataStart - lineageAt) / entryBytes);
const nameMax = 63;
const fileNameMax = 87;
const guidPattern = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

function writeGuid(target: Buffer, guid: string, at: number): void {
  assert(guidPattern.test(guid), `a GUID in lower-case text form is needed, not "${guid}"`);
  target.write(guid.replaceAll('-', ''), at, 'hex');
}

function readGuid(source: Buffer, at: number): string {
  return source.toString('hex', at, at + 16).replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}

function writeName(target: Buffer, name: string, at: number, max: number): void {
  const bytes = Buffer.from(name, 'utf8');
  assert(bytes.length <= max, `the name "${name}" fits into a journal header`);
  target.writeUInt8(bytes.length, at);
  bytes.copy(target, at + 1);
}

function readName(source: Buffer, at: number): string {
  return source.toString('utf8', at + 1, at + 1 + source.readUInt8(at));
}

function writeEpoch(target: Buffer, epoch: Epoch, at: number): void {
  target.writeUInt32LE(epoch.major, at);
  target.writeUInt32LE(epoch.minor, at + 4);
  writeGuid(target, epoch.member, at + 8);
}

function readEpoch(source: Buffer, at: number): Epoch {
  return { major: source.readUInt32LE(at), minor: source.readUInt32LE(at + 4), member: readGuid(source, at + 8) };
}

function writePosition(target: Buffer, position: Position, at: number): void {
  target.writeUInt32LE(position.file, at);
  target.writeUIntLE(position.offset, at + 4, 6);
}

function readPosition(source: Buffer, at: number): Position {
  return { file: source.readUInt32LE(at), offset: source.readUIntLE(at + 4, 6) };
}

function writeEntry(target: Buffer, entry: LineageEntry, at: number): void {
  writeEpoch(target, entry.epoch, at);
  writePosition(target, entry.first, at + 24);
  writePosition(target, entry.previousEnd, at + 34);
  target.write(entry.previousChain, at + 44, 'hex');
}

function readEntry(source: Buffer, at: number): LineageEntry {
  return {
    epoch: readEpoch(source, at),
    first: readPosition(source, at + 24),
    previousEnd: readPosition(source, at + 34),
    previousChain: source.toString('hex', at + 44, at + 60),
  };
}

/** The header's 4096 bytes. The oldest epochs of a lineage that does not fit are left out and counted. */
export function encodeHeader(header: JournalHeader): Buffer {
  const bytes = Buffer.alloc(dataStart);
  const kept = header.lineage.slice(-lineageMax);
  bytes.write(magic, 0, 'latin1');
  bytes.writeUInt32LE(version, 8);
  bytes.writeUInt32LE(header.number, 16);
  bytes.writeUInt8(header.journal.kind === 'mirror' ? 1 : 2, 20);
  writeGuid(bytes, header.journal.guid, 24);
  bytes.writeDoubleLE(header.createdMs, 40);
  writeEpoch(bytes, header.epoch, 48);
  bytes.writeUIntLE(header.previousEnd, 72, 6);
  bytes.write(header.chain, 80, 'hex');
  bytes.writeUInt32LE(header.forgottenEpochs + header.lineage.length - kept.length, 96);
  bytes.writeUInt32LE(kept.length, 100);
  writeName(bytes, header.journal.name, 104, nameMax);
  writeName(bytes, header.fileName, 168, fileNameMax);
  kept.forEach((entry, i) => writeEntry(bytes, entry, lineageAt + i * entryBytes));
  bytes.writeUInt32LE(crc32(bytes.subarray(16)), 12);
  return bytes;
}

/** Whether bytes begin like a journal file (not whether they are sound). */
export function looksLikeHeader(bytes: Buffer): boolean {
  return bytes.length >= magic.length && bytes.latin1Slice(0, magic.length) === magic;
}

function damagedHeader(path: string): GemelError {
  return new GemelError(
    'DAMAGED',
    `The header of the journal file ${path} is damaged.`,
    'It was left as it is.',
    'Restore the file from another member or a backup.',
  );
}

/**
 * Reads a header.
 * @param path named in errors
 * @throws GemelError FOREIGN (not a journal file), VERSION (of another format), DAMAGED (checksum)
 */
export function decodeHeader(bytes: Buffer, path: string): JournalHeader {
  if (!looksLikeHeader(bytes))
    throw new GemelError('FOREIGN', `${path} is not a journal file.`, 'It was left as it is.', 'Move it out of the journal directory.');
  // Cut within its header, it does not say of which format it is.
  if (bytes.length < dataStart) throw damagedHeader(path);
  if (bytes.readUInt32LE(8) !== version) {
    throw new GemelError(
      'VERSION',
      `${path} is a journal file of format ${bytes.readUInt32LE(8)}; this version knows format ${version}.`,
      'It was left as it is.',
      'Use the version of Gemel that wrote it.',
    );
  }
  if (crc32(bytes.subarray(16, dataStart)) !== bytes.readUInt32LE(12)) throw damagedHeader(path);
  return {
    number: bytes.readUInt32LE(16),
    fileName: readName(bytes, 168),
    journal: { kind: bytes.readUInt8(20) === 1 ? 'mirror' : 'local', name: readName(bytes, 104), guid: readGuid(bytes, 24) },
    createdMs: bytes.readDoubleLE(40),
    epoch: readEpoch(bytes, 48),
    previousEnd: bytes.readUIntLE(72, 6),
    chain: bytes.toString('hex', 80, 96),
    lineage: Array.from({ length: bytes.readUInt32LE(100) }, (_, i) => readEntry(bytes, lineageAt + i * entryBytes)),
    forgottenEpochs: bytes.readUInt32LE(96),
  };
}
