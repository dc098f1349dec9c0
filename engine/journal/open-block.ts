import type { Bytes } from '../globals/bytes.ts';
import { assert } from '../io/assert.ts';
import { blockHeaderBytes, sealBlock, type BlockSeal } from './block.ts';
import { recordBytes, writeRecord } from './record.ts';
import { recordTypes, type DatabaseIdentity, type RecordType } from './types.ts';

/** Space before the records for the block's header and the bindings that turn out to be needed when it is sealed. */
const reserve = 64 * 1024;
/** Taken with the first record: many writers are opened that never write one. */
const firstCapacity = 128 * 1024;
const nothing = new SharedArrayBuffer(0);
/** A buffer that had to grow beyond this for a huge record is not kept for the next block. */
const keptCapacity = 10 * 1024 * 1024;

export interface Binding {
  readonly number: number;
  /** Name and GUID as bytes. */
  readonly name: Bytes;
  readonly guid: Bytes;
  /** Number of the file it was last written to. */
  boundIn: number;
  /** Sequence of the open block that last used it. */
  usedIn: number;
}

/** A sealed block's place in the shared memory. */
export interface BlockMemory {
  readonly memory: SharedArrayBuffer;
  readonly from: number;
  readonly length: number;
}

export function makeBinding(number: number, database: DatabaseIdentity): Binding {
  return { number, name: Buffer.from(database.name, 'utf8').latin1Slice(), guid: database.guid, boundIn: 0, usedIn: 0 };
}

function bindingBytes(binding: Binding): number {
  return recordBytes(binding.name, binding.guid, undefined);
}

/** The block that records gather in, in shared memory. Records stand behind a reserve that header and bindings are put into at the end. */
export class OpenBlock {
  /** Grows with each block of a writer, from 1. */
  sequence = 0;
  /** The newest ticket among its records. */
  ticket = 0;
  #bytes: Buffer = Buffer.from(nothing);
  #view: DataView = new DataView(nothing);
  #to = reserve;
  #records = 0;
  #used: Binding[] = [];
  #reserveLeft = reserve - blockHeaderBytes;

  get records(): number {
    return this.#records;
  }

  get isEmpty(): boolean {
    return this.#records === 0;
  }

  /** Bytes of records so far. */
  get size(): number {
    return this.#to - reserve;
  }

  get isWorthKeeping(): boolean {
    return this.#bytes.length <= keptCapacity;
  }

  /** Makes it the empty block of that sequence. */
  restart(sequence: number): void {
    this.sequence = sequence;
    this.ticket = 0;
    this.#to = reserve;
    this.#records = 0;
    this.#used = [];
    this.#reserveLeft = reserve - blockHeaderBytes;
  }

  /** Whether the binding's record still fits into the reserve, should this block need it. */
  canUse(binding: Binding): boolean {
    return binding.usedIn === this.sequence || bindingBytes(binding) <= this.#reserveLeft;
  }

  use(binding: Binding): void {
    if (binding.usedIn === this.sequence) return;
    binding.usedIn = this.sequence;
    this.#reserveLeft -= bindingBytes(binding);
    this.#used.push(binding);
  }

  add(
    type: RecordType,
    compensation: boolean,
    database: number,
    session: number,
    transaction: number,
    key: Bytes,
    value: Bytes,
    old: Bytes | undefined,
  ): void {
    const needed = this.#to + recordBytes(key, value, old);
    if (needed > this.#bytes.length) this.#grow(needed);
    this.#to += writeRecord(this.#bytes, this.#view, this.#to, type, compensation, database, session, transaction, key, value, old);
    this.#records++;
  }

  #grow(needed: number): void {
    let capacity = Math.max(firstCapacity, this.#bytes.length);
    while (capacity < needed) capacity *= 2;
    const memory = new SharedArrayBuffer(capacity);
    const bytes = Buffer.from(memory);
    this.#bytes.copy(bytes, 0, 0, Math.min(this.#to, this.#bytes.length));
    this.#bytes = bytes;
    this.#view = new DataView(memory);
  }

  /** Length once sealed into that file. */
  sealedBytes(file: number): number {
    const bindings = this.#used.reduce((sum, binding) => sum + (binding.boundIn === file ? 0 : bindingBytes(binding)), 0);
    return blockHeaderBytes + bindings + this.size;
  }

  /**
   * Puts the missing bindings and the header before the records and chains the block.
   * @param chain 16 bytes, the chain before; becomes the block's own
   */
  seal(seal: Omit<BlockSeal, 'records' | 'hasBindings'>, chain: Buffer): BlockMemory {
    const missing = this.#used.filter((binding) => binding.boundIn !== seal.start.file);
    const from = reserve - (this.sealedBytes(seal.start.file) - this.size);
    assert(from >= 0, 'header and bindings fit into the reserve');
    let at = from + blockHeaderBytes;
    for (const binding of missing) {
      binding.boundIn = seal.start.file;
      at += writeRecord(
        this.#bytes,
        this.#view,
        at,
        recordTypes.database,
        false,
        binding.number,
        0,
        0,
        binding.name,
        binding.guid,
        undefined,
      );
    }
    assert(at === reserve, 'bindings end where records begin');
    const block = this.#bytes.subarray(from, this.#to);
    sealBlock(block, { ...seal, records: this.#records + missing.length, hasBindings: missing.length > 0 }, chain);
    return { memory: this.#bytes.buffer as SharedArrayBuffer, from, length: block.length };
  }
}
