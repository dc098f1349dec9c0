import zlib from 'node:zlib';
import type { BackupHead, BackupResult } from '../../api/backup.ts';
import { GemelError } from '../../api/errors.ts';
import type { Files, OpenFile } from '../../io/files.ts';
import {
  decodeHead,
  decodePieceHeader,
  decodePrelude,
  FORMAT,
  HASH_BYTES,
  HEAD_BYTES_MAX,
  PIECE_HEADER_BYTES,
  PRELUDE_BYTES,
  sha256,
  type PieceHeader,
} from './format.ts';
import { decodeUndo, type UndoEntry } from './undo.ts';

/** What is made of a backup's databases while it is read. */
export interface BackupReaders {
  /** Content of a database's file, in order. */
  readonly file: (database: number, offset: number, content: Buffer) => void;
  /** All that its open transactions changed; only where there was something. */
  readonly undo: (database: number, entries: readonly UndoEntry[]) => void;
  /** Called for each piece, with bytes of database files done; what it throws ends the reading. */
  readonly progress: (bytes: number) => void;
}

/** What is in a backup: its beginning alone is read and checked. Throws NOT_FOUND, FOREIGN, VERSION, DAMAGED, RIGHTS, IO. */
export function readBackupHead(files: Files, path: string): BackupHead {
  return withFile(files, path, (reader) => reader.head());
}

/**
 * Reads a backup through, each piece checked before it is passed on. Only when it returns is it sure that all of it is there. Blocks.
 * @throws GemelError NOT_FOUND, FOREIGN, VERSION, DAMAGED (with file, offset and reason), RIGHTS, IO, and what the readers throw
 */
export function readBackup(files: Files, path: string, readers: BackupReaders): BackupResult {
  return withFile(files, path, (reader) => reader.all(readers));
}

function withFile<T>(files: Files, path: string, act: (reader: Reader) => T): T {
  const file = files.open(path, 'read');
  try {
    return act(new Reader(file, path));
  } finally {
    file.close();
  }
}

class Reader {
  readonly #file: OpenFile;
  readonly #path: string;
  readonly #size: number;
  #at = 0;
  #chain: Buffer = Buffer.alloc(HASH_BYTES);

  constructor(file: OpenFile, path: string) {
    this.#file = file;
    this.#path = path;
    this.#size = file.size();
  }

  head(): BackupHead {
    const prelude = Buffer.alloc(PRELUDE_BYTES);
    const found = decodePrelude(prelude.subarray(0, this.#file.read(prelude, 0, PRELUDE_BYTES, 0)));
    if (found === null)
      throw new GemelError(
        'FOREIGN',
        `The file ${this.#path} is no backup of Gemel.`,
        'It was left as it is.',
        'Give a file that gemel db backup has made.',
      );
    if (found.format !== FORMAT)
      throw new GemelError(
        'VERSION',
        `The backup ${this.#path} has format ${found.format}; this version reads format ${FORMAT}.`,
        'It was left as it is.',
        'Use the version of Gemel that wrote it.',
      );
    if (found.headBytes > HEAD_BYTES_MAX) throw this.#damaged(12, 'its head is longer than any');
    this.#at = PRELUDE_BYTES;
    const json = this.#take(found.headBytes, 'its head');
    const hash = this.#take(HASH_BYTES, 'its head');
    this.#chain = sha256(prelude, json);
    if (!this.#chain.equals(hash)) throw this.#damaged(0, 'the checksum of its head does not fit');
    const head = decodeHead(json);
    if (head === null) throw this.#damaged(PRELUDE_BYTES, 'its head makes no sense');
    return head;
  }

  all({ file, undo, progress }: BackupReaders): BackupResult {
    const head = this.head();
    const done = head.databases.map(() => ({ bytes: 0, undo: [] as Buffer[], undoBytes: 0 }));
    let bytes = 0;
    for (;;) {
      const start = this.#at;
      const { about, content } = this.#piece();
      if (about.kind === 'end') break;
      const database = done[about.database];
      if (database === undefined) throw this.#damaged(start, `it has no database ${about.database}`);
      if (about.kind === 'undo') {
        if (about.offset !== database.undoBytes) throw this.#damaged(start, 'a piece is not where it belongs');
        database.undo.push(content);
        database.undoBytes += content.length;
        continue;
      }
      if (about.offset !== database.bytes) throw this.#damaged(start, 'a piece is not where it belongs');
      file(about.database, about.offset, content);
      database.bytes += content.length;
      bytes += content.length;
      progress(bytes);
    }
    if (this.#at !== this.#size) throw this.#damaged(this.#at, 'something stands behind its end');
    for (const [n, { bytes: expected, name }] of head.databases.entries())
      if (done[n]?.bytes !== expected) throw this.#damaged(this.#at, `it has not all of the database ${name}`);
    let undone = 0;
    for (const [n, { undo: pieces, undoBytes }] of done.entries()) {
      if (undoBytes === 0) continue;
      const entries = decodeUndo(Buffer.concat(pieces));
      if (entries === null) throw this.#damaged(this.#at, 'what its open transactions changed cannot be read');
      undone += entries.length;
      undo(n, entries);
    }
    return { file: this.#path, head, bytes, fileBytes: this.#size, undone, digest: this.#chain.toString('hex') };
  }

  #piece(): { about: PieceHeader; content: Buffer } {
    const start = this.#at;
    const header = this.#take(PIECE_HEADER_BYTES, 'a piece');
    const about = decodePieceHeader(header);
    if (about === null) throw this.#damaged(start, 'no piece begins where one should');
    const stored = this.#take(about.storedBytes, 'a piece');
    const hash = this.#take(HASH_BYTES, 'a piece');
    this.#chain = sha256(this.#chain, header, stored);
    if (!this.#chain.equals(hash)) throw this.#damaged(start, 'the checksum of a piece does not fit');
    return { about, content: about.isCompressed ? this.#decompress(stored, about.rawBytes, start) : stored };
  }

  #decompress(stored: Buffer, length: number, start: number): Buffer {
    try {
      const content = zlib.zstdDecompressSync(stored, { maxOutputLength: Math.max(length, 1) });
      if (content.length === length) return content;
    } catch (error) {
      if (!(error instanceof Error && 'code' in error)) throw error;
    }
    throw this.#damaged(start, 'a piece cannot be decompressed');
  }

  #take(length: number, what: string): Buffer {
    if (this.#at + length > this.#size) throw this.#damaged(this.#at, `it ends within ${what}, after ${this.#size} bytes`);
    const bytes = Buffer.allocUnsafe(length);
    const got = this.#file.read(bytes, 0, length, this.#at);
    if (got < length) throw this.#damaged(this.#at, `it ends within ${what}`);
    this.#at += length;
    return bytes;
  }

  #damaged(offset: number, why: string): GemelError {
    return new GemelError(
      'DAMAGED',
      `The backup ${this.#path} is damaged at offset ${offset}: ${why}.`,
      'Nothing was changed.',
      'Use another backup, or a copy of this one.',
    );
  }
}
