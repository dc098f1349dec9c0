import { join } from 'node:path';
import type { Files, OpenFile } from '../io/files.ts';
import { crc32Range } from './crc32.ts';
import type { JournalEnd, JournalIdentity } from './types.ts';

const magic = 'GEMHINT1';
const hintBytes = 48;
/** Bytes of journal between two hints: what has to be verified after a crash at most, beside what was written since. */
const everyBytes = 512 * 1024;

/**
 * A small file beside a journal that says where, up to a while ago, a synced block ended, and the chain there. Whoever opens the
 * journal looks for its end from there instead of from the beginning of the last file. It proves itself: the block at that
 * place has to be sound and to continue that chain, else the hint counts for nothing. It is never synced.
 */
export class EndHint {
  readonly #files: Files;
  readonly #path: string;
  #file = 0;
  #offset = 0;

  constructor(files: Files, directory: string, journal: JournalIdentity) {
    this.#files = files;
    this.#path = join(directory, `${journal.kind === 'mirror' ? `MIRROR-${journal.name}` : 'local'}.hint`);
  }

  /** Everything before it is synced. Writes now and then. Throws GemelError of the disk. */
  note({ position, chain }: JournalEnd): void {
    if (position.file !== this.#file) this.#offset = 0;
    this.#file = position.file;
    if (position.offset < this.#offset + everyBytes) return;
    // Where it cannot be written it is not tried again before the next file.
    this.#offset = Number.POSITIVE_INFINITY;
    const bytes = Buffer.alloc(hintBytes);
    bytes.write(magic, 0, 'latin1');
    bytes.writeUInt32LE(position.file, 8);
    bytes.writeDoubleLE(position.offset, 12);
    bytes.write(chain, 20, 'hex');
    bytes.writeUInt32LE(crc32Range(bytes, 0, hintBytes - 4), hintBytes - 4);
    const file = this.#open();
    try {
      file.write(bytes, 0, hintBytes, 0);
    } finally {
      file.close();
    }
    this.#offset = position.offset;
  }

  #open(): OpenFile {
    return this.#files.open(this.#path, this.#files.exists(this.#path) ? 'update' : 'create');
  }

  /** The last hint that came through whole; null: none. */
  read(): JournalEnd | null {
    if (!this.#files.exists(this.#path)) return null;
    const bytes = this.#files.read(this.#path);
    if (bytes.length !== hintBytes || bytes.toString('latin1', 0, 8) !== magic) return null;
    if (bytes.readUInt32LE(hintBytes - 4) !== crc32Range(bytes, 0, hintBytes - 4)) return null;
    return { position: { file: bytes.readUInt32LE(8), offset: bytes.readDoubleLE(12) }, chain: bytes.toString('hex', 20, 36) };
  }
}
