import { assert } from '../io/assert.ts';
import { GemelError } from '../api/errors.ts';
import type { OpenFile } from '../io/files.ts';
import type { Io } from '../io/io.ts';
import type { Alternate } from './alternate-disk.ts';
import { EndHint } from './end-hint.ts';
import { JournalFiles } from './files.ts';
import { encodeHeader } from './header.ts';
import { moveNewest } from './own-or-alternate.ts';
import { comparePositions, sameEpoch } from './position.ts';
import { BlockReader } from './reader.ts';
import { finishCut } from './tail.ts';
import {
  dataStart,
  emptyChain,
  type Epoch,
  type JournalEnd,
  type JournalHeader,
  type JournalIdentity,
  type Lineage,
  type Position,
} from './types.ts';

const rewritePiece = 1024 * 1024;

export interface JournalOptions {
  readonly io: Io;
  /** Where the files are; made when it is not there. */
  readonly directory: string;
  readonly journal: JournalIdentity;
  /**
   * GUID of the member that opens it. A last file written by someone else came in without a sync for each block: after a
   * power failure its end may be incomplete in any way and is cut at the first gap.
   */
  readonly member: string;
  /** Files that get a line for each journal file begun or closed, e.g. journal.log. */
  readonly logs?: readonly string[];
  /** Where a writer or a receiver goes on when the directory cannot be written; left out or null: nowhere. */
  readonly alternate?: Alternate | null;
  /** Told when such a line could not be written; nothing else comes of it. */
  readonly warn?: (error: unknown) => void;
}

/** Extra bytes behind the journal's end that are no block: a write that did not come through. */
export interface TornTail {
  readonly position: Position;
  readonly bytes: number;
  readonly detail: string;
}

/** Writes what is there once more, so that the next sync is about it. */
function rewrite(file: OpenFile, from: number, to: number): void {
  const piece = Buffer.alloc(Math.min(rewritePiece, Math.max(0, to - from)));
  for (let at = from; at < to;) {
    const length = file.read(piece, 0, Math.min(piece.length, to - at), at);
    if (length === 0)
      throw new GemelError(
        'DAMAGED',
        `${file.path} has become shorter.`,
        'It was left as it is.',
        'Restore the file from another member or a backup.',
      );
    file.write(piece, 0, length, at);
    at += length;
  }
}

/** Whether the first block there is a sound one that continues the chain. */
function isSoundAt(reader: BlockReader): boolean {
  try {
    return reader.next() !== null;
  } catch (error) {
    if (error instanceof GemelError) return false;
    throw error;
  }
}

/** One journal of an instance: its files and how far it goes. A writer or a receiver carries it on. */
export class Journal {
  readonly files: JournalFiles;
  /** End of what is written (by a receiver: not necessarily synced); {0, 0} while there is no file. */
  end: JournalEnd;
  /** What was found behind the end when it was opened. */
  readonly torn: TornTail | null;
  readonly #options: JournalOptions;
  readonly #hint: EndHint;
  /** From there on the last file was read, but a sync of the process before may have failed; null: it was written again. */
  #unsureFrom: number | null = null;
  /** Everything before it was synced in this process. */
  #synced: Position = { file: 0, offset: 0 };

  private constructor(options: JournalOptions, files: JournalFiles, end: JournalEnd, torn: TornTail | null) {
    this.#options = options;
    this.#hint = new EndHint(options.io.files, options.directory, options.journal);
    this.files = files;
    this.end = end;
    this.torn = torn;
  }

  /**
   * Opens a journal: ends a cut that a crash interrupted, reads the headers, verifies the last file and finds its end.
   * @throws GemelError DAMAGED when the last file is damaged before its end, or as `JournalFiles` does
   */
  static open(options: JournalOptions): Journal {
    const { files } = options.io;
    files.makeDirectory(options.directory);
    finishCut(files, options.directory, options.journal);
    const index = new JournalFiles(files, options.directory, options.journal);
    const last = index.last;
    if (last === undefined) return new Journal(options, index, { position: { file: 0, offset: 0 }, chain: emptyChain }, null);
    const hint = new EndHint(files, options.directory, options.journal);
    const hinted = hint.read();
    const fromHint = Journal.#findEnd(index, last, options.member, hinted);
    const found = fromHint ?? Journal.#findEnd(index, last, options.member, null);
    assert(found !== null, 'a search from the beginning of a file finds an end');
    const journal = new Journal(options, index, found.end, found.torn);
    journal.#unsureFrom = fromHint === null || hinted === null ? dataStart : hinted.position.offset;
    return journal;
  }

  /** Verifies the last file from the hint, or from its beginning. @returns null when the hint proves to be none */
  static #findEnd(
    index: JournalFiles,
    last: JournalHeader,
    member: string,
    hint: JournalEnd | null,
  ): { end: JournalEnd; torn: TornTail | null } | null {
    if (hint !== null && (hint.position.file !== last.number || hint.position.offset <= dataStart)) return null;
    const from = hint?.position ?? { file: last.number, offset: dataStart };
    const reader = new BlockReader(index, from, { chain: hint?.chain ?? last.chain, unsyncedTail: last.epoch.member !== member });
    try {
      // What is wrong there may be the hint.
      if (hint !== null && !isSoundAt(reader)) return null;
      while (reader.next() !== null) continue;
      assert(reader.stop !== null && reader.chain !== null, 'a reader that gives nothing says why');
      const torn =
        reader.stop.why === 'torn'
          ? {
              position: reader.stop.position,
              bytes: index.files.size(index.path(last)) - reader.position.offset,
              detail: reader.stop.detail,
            }
          : null;
      return { end: { position: reader.position, chain: reader.chain }, torn };
    } finally {
      reader.close();
    }
  }

  get identity(): JournalIdentity {
    return this.#options.journal;
  }

  get alternate(): Alternate | null {
    return this.#options.alternate ?? null;
  }

  get lineage(): Lineage {
    return this.files.lineage;
  }

  /** Everything before it is synced: the next opening may begin there. */
  noteSynced(end: JournalEnd): void {
    this.#synced = end.position;
    try {
      this.#hint.note(end);
    } catch (error) {
      this.#options.warn?.(error);
    }
  }

  /** Cuts the last file at the journal's end, durably: takes zeros written ahead or a torn tail away. */
  cutTornTail(): void {
    try {
      this.#cutLast();
    } catch (error) {
      if (!(error instanceof GemelError)) throw error;
      moveNewest(this.#options.io.files, this.files, this.alternate, this.end.position.offset, error);
      this.#unsureFrom = null;
    }
  }

  #cutLast(): void {
    const last = this.files.last;
    if (last === undefined) return;
    const file = this.#options.io.files.open(this.files.path(last), 'update');
    try {
      const isCut = file.size() > this.end.position.offset;
      if (isCut) file.truncate(this.end.position.offset);
      // Known to be on the disk, to the last byte.
      else if (this.#unsureFrom === null && comparePositions(this.#synced, this.end.position) === 0) return;
      // Inherited bytes may never have been synced, or a sync of them failed, after which another one says nothing about them.
      if (this.#unsureFrom !== null) rewrite(file, this.#unsureFrom, this.end.position.offset);
      this.#unsureFrom = null;
      file.sync();
    } finally {
      file.close();
    }
  }

  /** The header of the file that continues this journal from its end in that epoch. */
  nextHeader(wallMs: number, epoch: Epoch): { header: JournalHeader; bytes: Buffer } {
    const last = this.files.last;
    const number = (last?.number ?? 0) + 1;
    const { position, chain } = this.end;
    const before = this.lineage;
    const lastEpoch = before.at(-1)?.epoch;
    const goesOn = lastEpoch !== undefined && sameEpoch(lastEpoch, epoch);
    const lineage = goesOn
      ? before
      : [...before, { epoch, first: { file: number, offset: dataStart }, previousEnd: position, previousChain: chain }];
    const header: JournalHeader = {
      number,
      fileName: this.files.newName(wallMs),
      journal: this.identity,
      createdMs: wallMs,
      epoch,
      previousEnd: position.offset,
      chain,
      lineage,
      forgottenEpochs: last?.forgottenEpochs ?? 0,
    };
    return { header, bytes: encodeHeader(header) };
  }

  /** Takes note of a file that now exists; the journal ends at its start. */
  began(header: JournalHeader, reason: string): Position {
    const before = this.files.last;
    if (before !== undefined) this.log('closed', before, reason);
    this.files.add(header);
    const position = { file: header.number, offset: dataStart };
    this.end = { position, chain: header.chain };
    this.log(reason === 'received' ? 'received' : 'begun', header, reason);
    return position;
  }

  /** A line about a file into the logs. */
  log(what: 'begun' | 'received' | 'closed' | 'purged', header: JournalHeader | undefined, reason: string): void {
    if (header === undefined) return;
    const { io, logs = [], warn } = this.#options;
    const at = new Date(io.clock.wallMs()).toISOString();
    const line = `${at} ${what} ${this.files.path(header)} file ${header.number} epoch ${header.epoch.major}.${header.epoch.minor} (${reason})\n`;
    try {
      for (const path of logs) io.files.appendText(path, line);
    } catch (error) {
      warn?.(error);
    }
  }
}
