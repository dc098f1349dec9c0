import { GemelError } from '../../api/errors.ts';
import type { Files, OpenFile } from '../../io/files.ts';
import { blockHeaderBytes, findBlock, isIntact, readBlockHeader, type BlockHeader } from '../block.ts';
import { restOfFile } from '../torn-tail.ts';
import { blockBytesMax, dataStart, type Chain, type JournalHeader } from '../types.ts';

/** Read at once. */
const windowBytes = 4 * 1024 * 1024;

/** A verified block of a file: its header, and the file's bytes from `at` on, valid until the next one. */
export interface WalkedBlock extends BlockHeader {
  readonly bytes: Buffer;
}

/** How a file ends, for who has read all of it. */
export interface WalkEnd {
  /** Where its blocks end. */
  readonly offset: number;
  /** The chain there. */
  readonly chain: Chain;
  /** What stands behind them where that is more than zeros: a write that did not come through; null: nothing. */
  readonly torn: string | null;
}

export interface WalkOptions {
  /** Where a block begins; left out: the first one. */
  readonly from?: number;
  /** Length at which the file was closed; null: it is the last one, and its end is to be found. */
  readonly closed: number | null;
}

/**
 * Reads the blocks of one file in order, each verified by its checksum, its place and the chain. It may be written meanwhile.
 * @param visit false: enough
 * @returns null when `visit` had enough
 * @throws GemelError DAMAGED with file, offset and reason
 */
export function walkFile(
  files: Files,
  path: string,
  header: JournalHeader,
  options: WalkOptions,
  visit: (block: WalkedBlock) => boolean,
): WalkEnd | null {
  const walk = new FileWalk(files, path, header, options);
  try {
    for (let block = walk.next(); block !== null; block = walk.next()) if (!visit(block)) return null;
    return walk.end;
  } finally {
    walk.close();
  }
}

/** The same, block by block. */
export class FileWalk {
  /** Once `next` has given null. */
  end: WalkEnd | null = null;
  readonly #file: OpenFile;
  readonly #number: number;
  readonly #options: WalkOptions;
  readonly #window = Buffer.allocUnsafeSlow(windowBytes);
  #large: Buffer | null = null;
  /** Something that is no sound block was found there once. */
  #hasLooked = false;
  #windowAt = 0;
  #windowLength = 0;
  #at: number;
  #chain: Chain | null;

  constructor(files: Files, path: string, header: JournalHeader, options: WalkOptions) {
    this.#file = files.open(path, 'read');
    this.#number = header.number;
    this.#options = options;
    this.#at = options.from ?? dataStart;
    this.#chain = this.#at === dataStart ? header.chain : null;
  }

  close(): void {
    this.#file.close();
  }

  /** null: this was all, and `end` says how it ends. The block is valid until the next call. Throws DAMAGED. */
  next(): WalkedBlock | null {
    if (this.#options.closed === this.#at) return this.#stop(null);
    // Whoever writes it may have written this block, and more, since it was looked at.
    return this.#take() ?? this.#take();
  }

  /** null: there is none, which `end` says unless a second look is to be taken. */
  #take(): WalkedBlock | null {
    if (this.end !== null) return null;
    const found = this.#block();
    if (typeof found !== 'string') {
      this.#at += found.length;
      this.#chain = found.chain;
      this.#hasLooked = false;
      return found;
    }
    if (this.#options.closed !== null) throw new JournalDamage(this.#file.path, this.#at, found);
    const rest = restOfFile(this.#file, { file: this.#number, offset: this.#at }, this.#file.size());
    if (rest.isZeros) return this.#stop(null);
    if (!this.#hasLooked) {
      this.#hasLooked = true;
      this.#windowLength = 0;
      return null;
    }
    if (rest.laterBlock !== null)
      throw new JournalDamage(this.#file.path, this.#at, `${found}, with a sound block behind it at ${rest.laterBlock.offset}`);
    return this.#stop(found);
  }

  #stop(torn: string | null): null {
    this.end = { offset: this.#at, chain: this.#chain ?? '', torn };
    return null;
  }

  #block(): WalkedBlock | string {
    const start = this.#read(blockHeaderBytes);
    if (start === null) return 'the file ends here';
    const header = readBlockHeader(start, 0);
    if (typeof header === 'string') return header;
    if (header.start.file !== this.#number || header.start.offset !== this.#at)
      return `a block that belongs to ${header.start.file}:${header.start.offset}`;
    if (this.#chain !== null && header.previousChain !== this.#chain) return 'a block that does not continue the one before';
    const { closed } = this.#options;
    if (closed !== null && header.length > closed - this.#at) return 'a block that is longer than the file';
    const bytes = this.#read(header.length);
    if (bytes === null) return 'a block that is cut off';
    return isIntact(bytes) ? { ...header, bytes } : 'a block that does not match its checksum';
  }

  #read(length: number): Buffer | null {
    const from = this.#at - this.#windowAt;
    if (from >= 0 && from + length <= this.#windowLength) return this.#window.subarray(from, from + length);
    if (length > windowBytes) {
      if (this.#large === null || this.#large.length < length) this.#large = Buffer.allocUnsafeSlow(Math.min(blockBytesMax, length * 2));
      return this.#file.read(this.#large, 0, length, this.#at) === length ? this.#large.subarray(0, length) : null;
    }
    this.#windowAt = this.#at;
    this.#windowLength = this.#file.read(this.#window, 0, windowBytes, this.#at);
    return this.#windowLength < length ? null : this.#window.subarray(0, length);
  }
}

/** What is wrong with a journal file, and where. */
export class JournalDamage extends GemelError {
  readonly offset: number;
  readonly reason: string;

  constructor(path: string, offset: number, reason: string) {
    super(
      'DAMAGED',
      `The journal file ${path} is damaged at offset ${offset}: ${reason}.`,
      'It was left as it is.',
      'Restore the file from another member or a backup.',
    );
    this.offset = offset;
    this.reason = reason;
  }
}

/** Looked through at once for the last block; twice the longest block at most. */
const tailBytes = 256 * 1024;

/** The last block that ends at or before `end`, found from there backwards; null: none is found. What it says is not verified but for its place. */
export function lastBlock(file: OpenFile, number: number, end: number): BlockHeader | null {
  for (let size = tailBytes; ; size *= 8) {
    const from = Math.max(dataStart, end - Math.min(size, blockBytesMax + tailBytes));
    const bytes = Buffer.allocUnsafe(Math.max(0, end - from));
    const read = bytes.subarray(0, file.read(bytes, 0, bytes.length, from));
    let last: BlockHeader | null = null;
    for (let at = findBlock(read, 0); at >= 0; at = findBlock(read, at + 1)) {
      const found = readBlockHeader(read, at);
      const isOne = typeof found !== 'string' && found.start.file === number && found.start.offset === from + at;
      if (isOne && found.end.offset <= end) last = found;
    }
    if (last !== null || from === dataStart || size > blockBytesMax) return last;
  }
}
