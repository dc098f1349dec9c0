import { GemelError } from '../api/errors.ts';
import type { Bytes, Key } from '../globals/bytes.ts';
import { crc32Range, viewOf } from './crc32.ts';
import { blockHeaderBytes } from './block.ts';
import type { RecordType, RecordView } from './types.ts';

/*
 * A record: 0 total length u32, 4 type u8, 5 flags u8, 6 database u16, 8 session u32, 12 transaction u48, 18 key length u16,
 * 20 value length u32, 24 key, value, before-image; last 4 bytes: CRC32 of all before.
 */
export const recordFixedBytes = 28;
const bodyAt = 24;
const flagCompensation = 1;
const flagOld = 2;

/** Length of a record in bytes. */
export function recordBytes(key: Bytes, value: Bytes, old: Bytes | undefined): number {
  return recordFixedBytes + key.length + value.length + (old === undefined ? 0 : old.length);
}

/** Writes one record at `at`; the caller has made room for `recordBytes`. All numbers are unsigned. */
export function writeRecord(
  bytes: Buffer,
  view: DataView,
  at: number,
  type: RecordType,
  compensation: boolean,
  database: number,
  session: number,
  transaction: number,
  key: Bytes,
  value: Bytes,
  old: Bytes | undefined,
): number {
  const length = recordBytes(key, value, old);
  const high = Math.floor(transaction / 0x1_0000_0000);
  view.setUint32(at, length, true);
  view.setUint32(
    at + 4,
    type | (((compensation ? flagCompensation : 0) | (old === undefined ? 0 : flagOld)) << 8) | (database << 16),
    true,
  );
  view.setUint32(at + 8, session, true);
  view.setUint32(at + 12, transaction, true);
  view.setUint32(at + 16, high | (key.length << 16), true);
  view.setUint32(at + 20, value.length, true);
  let to = at + bodyAt;
  to += bytes.latin1Write(key, to);
  if (value !== '') to += bytes.latin1Write(value, to);
  if (old !== undefined && old !== '') to += bytes.latin1Write(old, to);
  view.setUint32(to, crc32Range(bytes, at, to, view), true);
  return length;
}

/** Walks the records of a whole, intact block; it is the view of the record it stands on, so nothing is made for a record. */
export class RecordCursor implements RecordView {
  /** The block. */
  readonly bytes: Buffer;
  readonly #view: DataView;
  #at = blockHeaderBytes;

  constructor(block: Buffer) {
    this.bytes = block;
    this.#view = viewOf(block);
  }

  /**
   * Onto the record at the cursor's place; false at the block's end.
   * @throws GemelError DAMAGED
   */
  load(): boolean {
    const left = this.bytes.length - this.#at;
    if (left === 0) return false;
    if (left < recordFixedBytes) throw damagedRecord('is cut off');
    const length = this.length;
    if (length < recordFixedBytes + this.keyLength + this.valueLength || length > left) throw damagedRecord('has an impossible length');
    return true;
  }

  /**
   * Of a record whose content is used.
   * @throws GemelError DAMAGED
   */
  verify(): void {
    const crcAt = this.#at + this.length - 4;
    if (crc32Range(this.bytes, this.#at, crcAt, this.#view) !== this.#view.getUint32(crcAt, true))
      throw damagedRecord('does not match its checksum');
  }

  skip(): void {
    this.#at += this.length;
  }

  get length(): number {
    return this.#view.getUint32(this.#at, true);
  }

  get type(): RecordType {
    return this.#view.getUint8(this.#at + 4) as RecordType;
  }

  get compensation(): boolean {
    return (this.#view.getUint8(this.#at + 5) & flagCompensation) !== 0;
  }

  get database(): number {
    return this.#view.getUint16(this.#at + 6, true);
  }

  get session(): number {
    return this.#view.getUint32(this.#at + 8, true);
  }

  get transaction(): number {
    return this.#view.getUint32(this.#at + 12, true) + this.#view.getUint16(this.#at + 16, true) * 0x1_0000_0000;
  }

  get keyAt(): number {
    return this.#at + bodyAt;
  }

  get keyLength(): number {
    return this.#view.getUint16(this.#at + 18, true);
  }

  get valueAt(): number {
    return this.keyAt + this.keyLength;
  }

  get valueLength(): number {
    return this.#view.getUint32(this.#at + 20, true);
  }

  get key(): Key {
    return this.bytes.latin1Slice(this.keyAt, this.valueAt);
  }

  get value(): Bytes {
    const from = this.valueAt;
    return this.bytes.latin1Slice(from, from + this.valueLength);
  }

  get old(): Bytes | undefined {
    if ((this.#view.getUint8(this.#at + 5) & flagOld) === 0) return undefined;
    const from = this.valueAt + this.valueLength;
    return this.bytes.latin1Slice(from, this.#at + this.length - 4);
  }
}

function damagedRecord(what: string): GemelError {
  return new GemelError(
    'DAMAGED',
    `A journal record ${what}.`,
    'Nothing from its block was used.',
    'Restore the journal file from another member or a backup.',
  );
}

/**
 * Calls `visit` for each record of a whole, intact block. The view is the same object each time.
 * @throws GemelError DAMAGED
 */
export function forEachRecord(block: Buffer, visit: (record: RecordView) => void): void {
  const cursor = new RecordCursor(block);
  for (; cursor.load(); cursor.skip()) {
    cursor.verify();
    visit(cursor);
  }
}
