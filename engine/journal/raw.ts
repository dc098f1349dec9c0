import { GemelError } from '../api/errors.ts';
import type { OpenFile } from '../io/files.ts';
import { blockHeaderBytes, readBlockHeader } from './block.ts';
import type { JournalFiles } from './files.ts';
import { comparePositions, formatPosition } from './position.ts';
import { dataStart, type JournalHeader, type Position } from './types.ts';

/** Journal bytes as a receiver takes them: one file header, or whole blocks one behind the other. */
export interface RawPiece {
  readonly bytes: Buffer;
  readonly start: Position;
  readonly end: Position;
}

/** Reads a journal for sending: no decoding, no verification (the receiver does that). */
export class RawReader {
  readonly #files: JournalFiles;
  #at: Position;
  #file: OpenFile | null = null;
  #number = 0;

  /**
   * @param from the end of the receiver's journal. With offset 0 the header of that file comes first; at the end of a closed
   * file the header of the next one.
   */
  constructor(files: JournalFiles, from: Position) {
    this.#files = files;
    this.#at = from;
  }

  get position(): Position {
    return this.#at;
  }

  /** Goes on there instead. */
  seek(to: Position): void {
    this.#at = to;
  }

  /**
   * The next piece before `limit`, in memory of its own, at most about `maxBytes` long (one whole block when that is longer).
   * Null when the limit is reached.
   * @throws GemelError NOT_FOUND when the file is not there any more, DAMAGED when no blocks stand where they should
   */
  next(limit: Position, maxBytes: number): RawPiece | null {
    if (comparePositions(this.#at, limit) >= 0) return null;
    if (this.#at.offset < dataStart) return this.#headerOf(this.#header(this.#at.file));
    const closed = this.#files.closedLength(this.#at.file);
    if (closed === this.#at.offset) return this.#headerOf(this.#header(this.#at.file + 1));
    // Only the next file would say where this one ends.
    if (closed === undefined && limit.file > this.#at.file) this.#header(this.#at.file + 1);
    const bound = closed ?? (limit.file === this.#at.file ? limit.offset : this.#at.offset);
    return this.#blocks(limit.file === this.#at.file ? Math.min(bound, limit.offset) : bound, maxBytes);
  }

  close(): void {
    this.#file?.close();
    this.#file = null;
  }

  #header(number: number): JournalHeader {
    const header = this.#files.get(number);
    if (header !== undefined) return header;
    throw new GemelError(
      'NOT_FOUND',
      `Journal file ${number} is not in ${this.#files.directory} any more.`,
      '',
      'Take a fresh copy of the databases that need it.',
    );
  }

  #open(number: number): OpenFile {
    const path = this.#files.path(this.#header(number));
    if (this.#file !== null && this.#number === number && this.#file.path === path) return this.#file;
    this.close();
    this.#file = this.#files.files.open(path, 'read');
    this.#number = number;
    return this.#file;
  }

  #headerOf(header: JournalHeader): RawPiece {
    return this.#piece(this.#read(header.number, 0, dataStart), { file: header.number, offset: dataStart });
  }

  #blocks(bound: number, maxBytes: number): RawPiece {
    const { file, offset } = this.#at;
    const bytes = this.#read(file, offset, Math.min(maxBytes, bound - offset));
    let whole = 0;
    let nextLength = blockHeaderBytes;
    while (bytes.length - whole >= blockHeaderBytes) {
      const header = readBlockHeader(bytes, whole);
      if (typeof header === 'string' || header.start.offset !== offset + whole) throw this.#damaged();
      nextLength = header.length;
      if (whole + header.length > bytes.length) break;
      whole += header.length;
    }
    if (whole > 0) return this.#piece(bytes.subarray(0, whole), { file, offset: offset + whole });
    if (bytes.length === bound - offset) throw this.#damaged();
    return this.#blocks(bound, nextLength);
  }

  #read(number: number, offset: number, length: number): Buffer {
    const bytes = Buffer.allocUnsafeSlow(length);
    const got = this.#open(number).read(bytes, 0, length, offset);
    if (got < length) throw this.#damaged();
    return bytes;
  }

  #piece(bytes: Buffer, end: Position): RawPiece {
    const start = this.#at;
    this.#at = end;
    return { bytes, start, end };
  }

  #damaged(): GemelError {
    return new GemelError(
      'DAMAGED',
      `The journal in ${this.#files.directory} has no sound block at ${formatPosition(this.#at)}.`,
      'Nothing from there on was sent.',
      'Restore the file from another member or a backup.',
    );
  }
}
