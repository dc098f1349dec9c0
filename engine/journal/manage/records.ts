import { formatReference, type Key } from '../../globals/index.ts';
import type { RecordDatabase, RecordKind, RecordView } from '../../api/journals.ts';
import { blockHeaderBytes } from '../block.ts';
import { toJson } from '../lost/bytes.ts';
import { forEachRecord } from '../record.ts';
import { recordTypes, type RecordType } from '../types.ts';
import { JournalDamage, type WalkedBlock } from './walk.ts';

/*
 * Records of verified blocks, for who looks at very many and wants few: nothing is made of a record before it fits. The block's
 * checksum covers its records, so their own are not looked at again.
 */
const recordFixedBytes = 28;
const bodyAt = 24;

/** Which records are wanted; what is left out does not matter. */
export interface RecordFilter {
  /** The node and everything below it. */
  readonly global?: Key;
  /** Name of a database as the journal has it: its mirror database name, or its directory; regardless of case. */
  readonly database?: string;
  readonly session?: number;
  readonly transaction?: number;
  /** ms since the epoch, both included: of the block */
  readonly fromMs?: number;
  readonly toMs?: number;
}

const kinds: Record<RecordType, RecordKind> = {
  [recordTypes.set]: 'set',
  [recordTypes.kill]: 'kill',
  [recordTypes.killMark]: 'kill subtree',
  [recordTypes.tstart]: 'begin transaction',
  [recordTypes.tcommit]: 'commit',
  [recordTypes.rollbackEnd]: 'rollback',
  [recordTypes.database]: 'database',
  [recordTypes.mark]: 'mark',
};

/** What numbers of one file stand for. */
export type FileBindings = Map<number, RecordDatabase>;

/** Finds the wanted records of one file's blocks. */
export class RecordSearch {
  readonly #file: string;
  readonly #filter: RecordFilter;
  readonly #key: Buffer | null;
  readonly #bindings: FileBindings = new Map();
  /** Numbers of the wanted database; null: all. */
  readonly #numbers: Set<number> | null;

  /** @param file named in what is found */
  constructor(file: string, filter: RecordFilter) {
    this.#file = file;
    this.#filter = filter;
    this.#key = filter.global === undefined ? null : Buffer.from(filter.global, 'latin1');
    this.#numbers = filter.database === undefined ? null : new Set();
  }

  /** Takes note of what a block binds, without looking for anything: for blocks that are skipped. */
  learn(block: WalkedBlock): void {
    if (!block.hasBindings) return;
    forEachRecord(block.bytes, ({ type, database, key, value }) => {
      if (type === recordTypes.database) this.#bind(database, key, value);
    });
  }

  #bind(number: number, key: Key, guid: string): void {
    const name = Buffer.from(key, 'latin1').toString('utf8');
    this.#bindings.set(number, { name, guid });
    const { database } = this.#filter;
    if (database !== undefined && name.toUpperCase() === database.toUpperCase()) this.#numbers?.add(number);
  }

  /** @param found false: enough. @returns false when it was. @throws GemelError DAMAGED */
  look(block: WalkedBlock, path: string, found: (record: RecordView) => boolean): boolean {
    this.learn(block);
    const { fromMs, toMs, session, transaction } = this.#filter;
    if ((fromMs !== undefined && block.timeMs < fromMs) || (toMs !== undefined && block.timeMs > toMs)) return true;
    const { bytes } = block;
    for (let at = blockHeaderBytes; at < bytes.length;) {
      const length = bytes.length - at < recordFixedBytes ? 0 : bytes.readUInt32LE(at);
      if (length < recordFixedBytes || length > bytes.length - at)
        throw new JournalDamage(path, block.start.offset + at, 'a record of an impossible length');
      const type = bytes.readUInt8(at + 4) as RecordType;
      const isWanted =
        type !== recordTypes.database &&
        (session === undefined || bytes.readUInt32LE(at + 8) === session) &&
        (transaction === undefined || bytes.readUIntLE(at + 12, 6) === transaction) &&
        (this.#numbers === null || this.#numbers.has(bytes.readUInt16LE(at + 6))) &&
        (this.#key === null || hasKey(type, bytes, at, this.#key));
      if (isWanted && !found(this.#view(block, at, type))) return false;
      at += length;
    }
    return true;
  }

  #view(block: WalkedBlock, at: number, type: RecordType): RecordView {
    const { bytes } = block;
    const flags = bytes.readUInt8(at + 5);
    const number = bytes.readUInt16LE(at + 6);
    const keyAt = at + bodyAt;
    const valueAt = keyAt + bytes.readUInt16LE(at + 18);
    const oldAt = valueAt + bytes.readUInt32LE(at + 20);
    const end = at + bytes.readUInt32LE(at) - 4;
    const key = bytes.latin1Slice(keyAt, valueAt);
    const hasNode = hasReference(type);
    const transaction = bytes.readUIntLE(at + 12, 6);
    return {
      file: this.#file,
      offset: block.start.offset + at,
      block: block.start.offset,
      time: new Date(block.timeMs).toISOString(),
      epoch: `${block.major}.${block.minor}`,
      kind: kinds[type] ?? 'mark',
      database: this.#bindings.get(number) ?? null,
      reference: hasNode ? toJson(formatReference(null, key)) : null,
      old: (flags & 2) === 0 ? null : toJson(bytes.latin1Slice(oldAt, end)),
      new: type === recordTypes.set ? toJson(bytes.latin1Slice(valueAt, oldAt)) : null,
      note: hasNode ? null : note(type, key, bytes.latin1Slice(valueAt, oldAt)),
      process: bytes.readUInt32LE(at + 8),
      transaction: transaction === 0 ? null : transaction,
      compensation: (flags & 1) !== 0,
    };
  }
}

function hasReference(type: RecordType): boolean {
  return type === recordTypes.set || type === recordTypes.kill || type === recordTypes.killMark;
}

function hasKey(type: RecordType, bytes: Buffer, at: number, key: Buffer): boolean {
  if (bytes.readUInt16LE(at + 18) < key.length || !hasReference(type)) return false;
  const from = at + bodyAt;
  // Most differ there, in the name or in the last subscript: cheaper than a call.
  if (bytes[from] !== key[0] || bytes[from + key.length - 1] !== key[key.length - 1]) return false;
  return bytes.compare(key, 0, key.length, from, from + key.length) === 0;
}

function note(type: RecordType, key: string, value: string): string | null {
  const text = type === recordTypes.mark ? `${key} ${value}` : value;
  return text === '' ? null : JSON.stringify(toJson(text));
}
