import { GemelError } from '../api/errors.ts';
import type { OpenFile } from '../io/files.ts';
import { blockHeaderBytes, isIntact, readBlockHeader, type BlockHeader } from './block.ts';
import type { JournalFiles } from './files.ts';
import { comparePositions, formatPosition } from './position.ts';
import { restOfFile } from './torn-tail.ts';
import { dataStart, type Chain, type JournalHeader, type Position } from './types.ts';

const windowBytes = 1024 * 1024;

/** A block that has been verified. */
export interface Block extends BlockHeader {
  /** Header and records; valid until the next call of the reader. */
  readonly bytes: Buffer;
}

/** Why a reader gave no more blocks, and where. 'torn': the file's last write did not come through; `detail` says what was found. */
export interface ReaderStop {
  readonly why: 'limit' | 'end' | 'torn';
  readonly position: Position;
  readonly detail: string;
}

export interface BlockReaderOptions {
  /** The chain at the start, if known: then the first block is checked against it too. */
  readonly chain?: Chain;
  /**
   * The end of the last file may have been written without syncs, in any order: blocks behind a gap are then no proof of damage.
   */
  readonly unsyncedTail?: boolean;
}

/** Reads blocks in order over all files, each verified by its checksum, its place and the chain from the block before. */
export class BlockReader {
  /** Why the last `next` gave nothing. */
  stop: ReaderStop | null = null;
  readonly #files: JournalFiles;
  readonly #unsyncedTail: boolean;
  #at: Position;
  #chain: Chain | null;
  #file: OpenFile | null = null;
  #header: JournalHeader | null = null;
  #window = Buffer.alloc(0);
  #windowAt = 0;
  #windowLength = 0;

  /** @param from where a block begins (or a file ends) */
  constructor(files: JournalFiles, from: Position, options: BlockReaderOptions = {}) {
    this.#files = files;
    this.#at = from;
    this.#chain = options.chain ?? null;
    this.#unsyncedTail = options.unsyncedTail ?? false;
  }

  /** Where the next block is looked for. */
  get position(): Position {
    return this.#at;
  }

  /** The chain there; null before the first block of a reader that was not told. */
  get chain(): Chain | null {
    return this.#chain;
  }

  /** Header of the file that is being read. */
  get fileHeader(): JournalHeader | null {
    return this.#header;
  }

  /**
   * The next block, or null with `stop` set.
   * @param limit never reads past it, and takes everything before it for granted: what is not a sound block there is damage.
   * Without it the journal's end is looked for.
   * @throws GemelError DAMAGED (with the position), NOT_FOUND (the file is gone), or what reading threw
   */
  next(limit?: Position): Block | null {
    for (;;) {
      if (limit !== undefined && comparePositions(this.#at, limit) >= 0) return this.#stopAt('limit', 'the limit');
      const file = this.#openFile();
      if (file === null) {
        this.#toNextFile();
        continue;
      }
      if (limit !== undefined && limit.file > this.#at.file && this.#files.closedLength(this.#at.file) === undefined) this.#files.refresh();
      const closed = this.#files.closedLength(this.#at.file);
      if (closed === this.#at.offset) {
        this.#toNextFile();
        continue;
      }
      const known = limit?.file === this.#at.file ? Math.min(limit.offset, closed ?? limit.offset) : closed;
      if (limit !== undefined && known === undefined) throw this.#damaged(`file ${this.#at.file + 1} is missing`);
      return this.#readBlock(file, known ?? file.size(), known !== undefined);
    }
  }

  close(): void {
    this.#file?.close();
    this.#file = null;
    this.#header = null;
    this.#windowLength = 0;
  }

  /** null: it is gone, and nothing of it is wanted, since the next one begins here. */
  #openFile(): OpenFile | null {
    if (this.#file !== null && this.#header?.number === this.#at.file) return this.#file;
    this.close();
    let opened = this.#tryOpen();
    if (opened instanceof GemelError) {
      // It may have been made, moved or purged since its directory was read.
      this.#files.refresh();
      const { file, offset } = this.#at;
      if (this.#files.get(file) === undefined && this.#files.closedLength(file) === offset) return null;
      opened = this.#tryOpen();
    }
    if (opened instanceof GemelError) throw opened;
    const { file, header } = opened;
    this.#file = file;
    this.#header = header;
    if (this.#at.offset < dataStart) this.#at = { file: this.#at.file, offset: dataStart };
    if (this.#at.offset === dataStart) this.#chain ??= header.chain;
    return file;
  }

  #tryOpen(): { readonly file: OpenFile; readonly header: JournalHeader } | GemelError {
    const header = this.#files.get(this.#at.file);
    if (header === undefined)
      return new GemelError(
        'NOT_FOUND',
        `Journal file ${this.#at.file} is not in ${this.#files.directory}.`,
        '',
        'Bring the file back, or take a copy of the database that needs no journal from before.',
      );
    try {
      return { file: this.#files.files.open(this.#files.path(header), 'read'), header };
    } catch (error) {
      if (error instanceof GemelError) return error;
      throw error;
    }
  }

  /** The file was moved while it was read: what is open ends where it was left. @returns whether it was, and is read where it is now */
  #follow(header: JournalHeader): boolean {
    const before = this.#file?.path;
    this.#files.refresh();
    if (this.#files.path(header) === before) return false;
    this.close();
    return true;
  }

  #toNextFile(): void {
    const next = this.#files.get(this.#at.file + 1);
    if (next === undefined || (this.#chain !== null && next.chain !== this.#chain))
      throw this.#damaged('the next file does not continue this one');
    this.#chain = next.chain;
    this.#at = { file: next.number, offset: dataStart };
  }

  #readBlock(file: OpenFile, bound: number, isCertain: boolean): Block | null {
    const found = this.#tryBlock(file, bound);
    if (typeof found !== 'string') {
      this.#at = found.end;
      this.#chain = found.chain;
      this.stop = null;
      return found;
    }
    if (isCertain) {
      const moved = this.#header !== null && this.#follow(this.#header) ? this.#openFile() : null;
      if (moved !== null) return this.#readBlock(moved, bound, isCertain);
      throw this.#damaged(found);
    }
    this.#windowLength = 0;
    const rest = restOfFile(file, this.#at, bound);
    if (rest.laterBlock !== null && !this.#unsyncedTail)
      throw this.#damaged(`${found}, with a sound block behind it at ${formatPosition(rest.laterBlock)}`);
    return rest.isZeros ? this.#stopAt('end', 'the end of the file') : this.#stopAt('torn', found);
  }

  #tryBlock(file: OpenFile, bound: number): Block | string {
    const left = bound - this.#at.offset;
    if (left < blockHeaderBytes) return left < 0 ? 'the file is shorter than it should be' : 'fewer bytes than a block header';
    const start = this.#bytes(file, blockHeaderBytes, bound);
    const header = start === null ? 'the file is shorter than it should be' : readBlockHeader(start, 0);
    if (typeof header === 'string') return header;
    if (comparePositions(header.start, this.#at) !== 0) return `a block that belongs to ${formatPosition(header.start)}`;
    if (header.length > left) return 'a block that is cut off';
    if (this.#chain !== null && header.previousChain !== this.#chain) return 'a block that does not continue the one before';
    const bytes = this.#bytes(file, header.length, bound);
    if (bytes === null) return 'a block that is cut off';
    return isIntact(bytes) ? { ...header, bytes } : 'a block that does not match its checksum';
  }

  /** `length` bytes at the reader's place, read in large pieces but never past `bound`: what is behind it may still change. */
  #bytes(file: OpenFile, length: number, bound: number): Buffer | null {
    const offset = this.#at.offset;
    if (offset < this.#windowAt || offset + length > this.#windowAt + this.#windowLength) {
      const wanted = Math.min(Math.max(length, windowBytes), bound - offset);
      if (this.#window.length < wanted) this.#window = Buffer.allocUnsafeSlow(wanted);
      this.#windowAt = offset;
      this.#windowLength = file.read(this.#window, 0, wanted, offset);
    }
    if (offset + length > this.#windowAt + this.#windowLength) return null;
    return this.#window.subarray(offset - this.#windowAt, offset - this.#windowAt + length);
  }

  #stopAt(why: ReaderStop['why'], detail: string): null {
    this.stop = { why, position: this.#at, detail };
    return null;
  }

  #damaged(what: string): GemelError {
    const name = this.#header?.fileName ?? `file ${this.#at.file}`;
    return new GemelError(
      'DAMAGED',
      `The journal is damaged at ${formatPosition(this.#at)} (${name}): ${what}.`,
      'Nothing from there on was used.',
      'Restore the file from another member or a backup.',
    );
  }
}
