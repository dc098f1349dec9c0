import type { Position } from '../api/status.ts';
import type { Bytes, Key } from '../globals/bytes.ts';

export type { Position };

/** The chained checksum at a position: first 16 bytes of SHA-256 over all before it, as 32 hex digits. */
export type Chain = string;

/** Who writes: a takeover raises `minor`, an operator's act that may fork raises `major`. */
export interface Epoch {
  readonly major: number;
  readonly minor: number;
  /** GUID of the member (of the instance, in a local journal) that writes in this epoch. */
  readonly member: string;
}

/** One epoch of a journal and where it branches off the one before. */
export interface LineageEntry {
  readonly epoch: Epoch;
  /** Where the epoch's first record stands: the start of its first file. */
  readonly first: Position;
  /** Where the epoch before ended; {0, 0} for a journal's very first epoch. */
  readonly previousEnd: Position;
  /** The chain there. */
  readonly previousChain: Chain;
}

/** Epochs, oldest first. The oldest may be missing after very many (`JournalHeader.forgottenEpochs`). */
export type Lineage = readonly LineageEntry[];

/** How far a journal goes, and the checksum that proves what it holds up to there. */
export interface JournalEnd {
  readonly position: Position;
  readonly chain: Chain;
}

/** Which journal: a mirror's (GUID and name of the mirror) or an instance's local one (GUID of the instance, name ''). */
export interface JournalIdentity {
  readonly kind: 'mirror' | 'local';
  /** Mirror name, '' for a local journal. */
  readonly name: string;
  readonly guid: string;
}

/** The first 4096 bytes of a journal file. */
export interface JournalHeader {
  /** 1, 2, 3 ... in one journal; position.file. */
  readonly number: number;
  readonly fileName: string;
  readonly journal: JournalIdentity;
  /** ms since the epoch */
  readonly createdMs: number;
  readonly epoch: Epoch;
  /** Length at which the file before was closed; 0 in the first file. */
  readonly previousEnd: number;
  /** The chain at that end, with which this file begins. */
  readonly chain: Chain;
  readonly lineage: Lineage;
  /** How many of the oldest epochs no longer fit into `lineage`. */
  readonly forgottenEpochs: number;
}

/** A database as journal records name it. */
export interface DatabaseIdentity {
  /** Mirror database name, or the directory of an unmirrored one. The applier knows databases by this name. */
  readonly name: string;
  readonly guid: string;
}

/** A block that is complete, with its place and checksum, before it is durable anywhere. */
export interface SealedBlock {
  /** Shared memory: valid until the block is durable or the writer has been closed. Copy it to keep it longer. */
  readonly bytes: Buffer;
  readonly start: Position;
  readonly end: Position;
  /** ms since the epoch */
  readonly timeMs: number;
  readonly records: number;
}

/**
 * What durable means now. 'open': synced here. 'remote': synced here and acknowledged by the backup.
 * 'hold': nothing becomes durable.
 */
export type Gate = 'open' | 'remote' | 'hold';

export const recordTypes = { set: 1, kill: 2, killMark: 3, tstart: 4, tcommit: 5, rollbackEnd: 6, database: 7, mark: 8 } as const;
export type RecordType = (typeof recordTypes)[keyof typeof recordTypes];

/** What a record says, as a visitor of records sees it: one object filled anew for each record. Copy what is to be kept. */
export interface RecordView {
  readonly type: RecordType;
  /** Written by a rollback to undo an earlier record. */
  readonly compensation: boolean;
  readonly session: number;
  /** 0: outside a transaction. */
  readonly transaction: number;
  /** The file-local number; 0 for records of no database. */
  readonly database: number;
  readonly key: Key;
  /** The new value; the note of a transaction record; the payload of a mark. */
  readonly value: Bytes;
  /** The before-image; undefined: the node did not exist. */
  readonly old: Bytes | undefined;
}

/** Bytes of a file's header; a file's first block begins there, so (f, its end) and (f + 1, 4096) are one position. */
export const dataStart = 4096;
export const emptyChain: Chain = '0'.repeat(32);
/** A block is at most this long: about 8 MB of small records, or one record of the longest value and before-image. */
export const blockBytesMax = 16 * 1024 * 1024;
