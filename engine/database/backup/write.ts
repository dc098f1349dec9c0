import { dirname } from 'node:path';
import zlib, { constants } from 'node:zlib';
import type { BackupHead, BackupResult } from '../../api/backup.ts';
import { GemelError } from '../../api/errors.ts';
import type { Files, OpenFile } from '../../io/files.ts';
import { encodeHead, encodePieceHeader, HASH_BYTES, PIECE_BYTES, sha256, type PieceHeader, type PieceKind } from './format.ts';
import { encodeUndo, type UndoEntry } from './undo.ts';

/** The disk gets what was written in such portions: one long wait at the end would hold up whoever else syncs. */
const SYNC_BYTES = 8 * 1024 * 1024;

export interface BackupSource {
  /** The database's file, which stays as it is. */
  readonly path: string;
  readonly undo: readonly UndoEntry[];
}

export interface WriteBackupOptions {
  readonly files: Files;
  /** What it will be called. */
  readonly path: string;
  /** Where it is written, in the same directory; nothing is there yet. */
  readonly draft: string;
  /** Its databases are those of `sources`, in that order. */
  readonly head: BackupHead;
  readonly sources: readonly BackupSource[];
  /** Of zstd. */
  readonly level: number;
  /** Called for each piece, with bytes of database files done; what it throws ends the backup. */
  readonly progress: (bytes: number) => void;
}

/**
 * Writes a backup under the draft's name: durable when it returns, and nothing of it is left when it throws. Blocks: for a thread of its own.
 * @throws GemelError EXISTS, DISK_FULL, RIGHTS, IO, and what `progress` throws
 */
export function writeBackup(options: WriteBackupOptions): BackupResult {
  const { files, path, draft, head } = options;
  const writer = new BackupWriter(options);
  try {
    writer.all();
  } catch (error) {
    writer.close();
    files.remove(draft);
    throw error;
  }
  return { file: path, head, ...writer.figures };
}

/** Gives a draft its name, durably. Throws EXISTS, IO; the draft is then removed. */
export function publishBackup(files: Files, { path, draft }: Pick<WriteBackupOptions, 'path' | 'draft'>): void {
  try {
    requireNew(files, path);
    files.rename(draft, path);
  } catch (error) {
    files.remove(draft);
    throw error;
  }
  files.syncDirectory(dirname(path));
}

/** Throws EXISTS. */
export function requireNew(files: Files, path: string): void {
  if (!files.exists(path)) return;
  throw new GemelError('EXISTS', `There is a file ${path} already.`, 'It was left as it is; no backup was made.', 'Choose another name.');
}

class BackupWriter {
  readonly #options: WriteBackupOptions;
  readonly #file: OpenFile;
  readonly #level: { params: Record<number, number> };
  #at = 0;
  #syncedTo = 0;
  #chain: Buffer = Buffer.alloc(HASH_BYTES);
  #bytes = 0;
  #undone = 0;
  #isClosed = false;

  constructor(options: WriteBackupOptions) {
    this.#options = options;
    this.#level = { params: { [constants.ZSTD_c_compressionLevel]: options.level } };
    this.#file = options.files.open(options.draft, 'create');
  }

  get figures(): Pick<BackupResult, 'bytes' | 'fileBytes' | 'undone' | 'digest'> {
    return { bytes: this.#bytes, fileBytes: this.#at, undone: this.#undone, digest: this.#chain.toString('hex') };
  }

  all(): void {
    const { head, sources } = this.#options;
    const begin = encodeHead(head);
    this.#write(begin);
    this.#chain = begin.subarray(begin.length - HASH_BYTES);
    for (const [database, source] of sources.entries()) {
      this.#copy(database, source.path, head.databases[database]?.bytes ?? 0);
      this.#undo(database, source.undo);
    }
    this.#piece('end', 0, 0, Buffer.alloc(0));
    this.#file.sync();
    this.close();
  }

  #copy(database: number, path: string, length: number): void {
    const file = this.#options.files.open(path, 'read');
    try {
      const piece = Buffer.allocUnsafe(PIECE_BYTES);
      for (let offset = 0; offset < length;) {
        const got = file.read(piece, 0, Math.min(PIECE_BYTES, length - offset), offset);
        if (got === 0)
          throw new GemelError(
            'DAMAGED',
            `The database file ${path} ends at ${offset} of its ${length} bytes.`,
            'It was left as it is.',
            'Verify it: gemel db verify.',
          );
        this.#piece('file', database, offset, piece.subarray(0, got));
        offset += got;
        this.#bytes += got;
        this.#options.progress(this.#bytes);
      }
    } finally {
      file.close();
    }
  }

  #undo(database: number, entries: readonly UndoEntry[]): void {
    this.#undone += entries.length;
    const bytes = encodeUndo(entries);
    for (let offset = 0; offset < bytes.length; offset += PIECE_BYTES)
      this.#piece('undo', database, offset, bytes.subarray(offset, offset + PIECE_BYTES));
  }

  #piece(kind: PieceKind, database: number, offset: number, content: Buffer): void {
    const compressed = zlib.zstdCompressSync(content, this.#level);
    const isCompressed = compressed.length < content.length;
    const stored = isCompressed ? compressed : content;
    const about: PieceHeader = { kind, isCompressed, database, rawBytes: content.length, storedBytes: stored.length, offset };
    const header = encodePieceHeader(about);
    this.#chain = sha256(this.#chain, header, stored);
    this.#write(header);
    this.#write(stored);
    this.#write(this.#chain);
    if (this.#at - this.#syncedTo >= SYNC_BYTES) {
      this.#file.datasync();
      this.#syncedTo = this.#at;
    }
  }

  #write(bytes: Buffer): void {
    this.#file.write(bytes, 0, bytes.length, this.#at);
    this.#at += bytes.length;
  }

  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#file.close();
  }
}
