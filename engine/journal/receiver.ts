import { GemelError } from '../api/errors.ts';
import { assert } from '../io/assert.ts';
import type { Io } from '../io/io.ts';
import type { OpenFile } from '../io/files.ts';
import { isIntact, readBlockHeader } from './block.ts';
import type { Done, JournalDisk } from './disk.ts';
import { decodeHeader, looksLikeHeader } from './header.ts';
import type { Journal } from './journal.ts';
import { continues } from './lineage.ts';
import { Listeners } from './listeners.ts';
import { beginFile } from './own-or-alternate.ts';
import { comparePositions, formatPosition } from './position.ts';
import { dataStart, type JournalEnd, type JournalHeader, type Position } from './types.ts';

/** What was received does not continue this journal. Nothing of it was written from there on. */
export class JournalMismatch extends GemelError {
  /** Where the journal here ends. */
  readonly here: JournalEnd;

  constructor(what: string, here: JournalEnd) {
    super(
      'REFUSED',
      `The journal received does not continue the one here, which ends at ${formatPosition(here.position)}: ${what}.`,
      'The journal here was left as it is.',
      'The mirror compares both journals when it reconnects.',
    );
    this.here = here;
  }
}

export interface JournalReceiverOptions {
  readonly io: Io;
  readonly journal: Journal;
  /** Syncs in the background; the receiver owns it and closes it. */
  readonly disk: JournalDisk;
  /** Least time between two background syncs, in ms; default 200: a sync here delays those of a primary on the same disk, and leaves a takeover little to sync. */
  readonly syncIntervalMs?: number;
}

function whenDone(act: (done: Done) => void): Promise<void> {
  return new Promise((resolve, reject) => act((error) => (error === null ? resolve() : reject(error))));
}

/**
 * Carries a journal on with what another member sends: byte for byte the same files. What `append` has returned for is in the
 * file (it survives this process); `synced` says how much also survives this machine.
 */
export class JournalReceiver {
  readonly #io: Io;
  readonly #journal: Journal;
  readonly #disk: JournalDisk;
  readonly #syncIntervalMs: number;
  readonly #syncedListeners = new Listeners<[Position]>();
  readonly #errors = new Listeners<[GemelError]>();
  #file: OpenFile | null = null;
  #synced: Position;
  #newestBlockMs: number | null = null;
  #isSyncing = false;
  #timer: { cancel(): void } | null = null;
  #error: GemelError | null = null;
  #closing: Promise<void> | null = null;

  /** Cuts a torn tail off and goes on behind it. Throws GemelError when that cannot be done. */
  constructor(options: JournalReceiverOptions) {
    this.#io = options.io;
    this.#journal = options.journal;
    this.#disk = options.disk;
    this.#syncIntervalMs = options.syncIntervalMs ?? 200;
    this.#journal.cutTornTail();
    this.#synced = this.#journal.end.position;
    const { files } = this.#journal;
    if (files.last !== undefined) this.#attach(files.last);
    // Who receives may have to write at any moment.
    this.#disk.prepare?.(files.sparePath);
  }

  get error(): GemelError | null {
    return this.#error;
  }

  get end(): JournalEnd {
    return this.#journal.end;
  }

  /** When the newest block received was written by its primary, ms since the epoch; null: none has come yet. */
  get newestBlockMs(): number | null {
    return this.#newestBlockMs;
  }

  /** Everything before it is synced here: the applier may use it. */
  get synced(): Position {
    return this.#synced;
  }

  onSynced(listener: (position: Position) => void): () => void {
    return this.#syncedListeners.add(listener);
  }

  /** Called once, when the disk fails in the background. `append` then throws that error. */
  onError(listener: (error: GemelError) => void): () => void {
    return this.#errors.add(listener);
  }

  /**
   * Takes what a writer sealed or a `RawReader` read: file headers and whole blocks, in any number.
   * @returns the journal's new end, to be acknowledged
   * @throws JournalMismatch when it does not continue the journal; GemelError of the disk. What came before the failing part is kept.
   */
  append(bytes: Buffer): JournalEnd {
    assert(this.#closing === null, 'a closed receiver takes nothing');
    if (this.#error !== null) throw this.#error;
    try {
      for (let at = 0; at < bytes.length;) {
        at = looksLikeHeader(bytes.subarray(at, at + 8)) ? this.#takeHeader(bytes, at) : this.#takeBlocks(bytes, at);
      }
    } catch (error) {
      // What the disk did not take once it is not asked to take again: a second sync would say nothing about the first.
      if (error instanceof GemelError && !(error instanceof JournalMismatch)) this.#failed(error);
      throw error;
    }
    this.#scheduleSync();
    return this.#journal.end;
  }

  /** Ends whatever the disk says: for a receiver that has failed. What it had not synced is not to be built upon. */
  async abandon(): Promise<void> {
    this.#closing ??= Promise.resolve();
    this.#timer?.cancel();
    try {
      this.#file?.close();
    } catch {
      // It has failed already.
    }
    this.#file = null;
    await new Promise<void>((resolve) => this.#disk.close(() => resolve()));
  }

  /** Syncs what is left and closes. */
  close(): Promise<void> {
    this.#closing ??= this.#close(false);
    return this.#closing;
  }

  /** As `close`, but leaves the disk, with nothing under way, to whoever carries the journal on: a new one takes time to start. */
  async release(): Promise<JournalDisk> {
    assert(this.#closing === null, 'a receiver is closed once');
    this.#closing = this.#close(true);
    try {
      await this.#closing;
      return this.#disk;
    } catch (error) {
      this.#disk.close(() => undefined);
      throw error;
    }
  }

  async #close(keepsDisk: boolean): Promise<void> {
    this.#timer?.cancel();
    this.#file?.close();
    this.#file = null;
    const { end } = this.#journal;
    if (comparePositions(this.#synced, end.position) < 0) await whenDone((done) => this.#disk.sync(done));
    if (!keepsDisk) await whenDone((done) => this.#disk.close(done));
    if (this.#journal.files.last !== undefined) this.#journal.noteSynced(end);
    this.#reached(end.position);
    this.#journal.log('closed', this.#journal.files.last, 'receiving ends');
  }

  #mismatch(what: string): JournalMismatch {
    return new JournalMismatch(what, this.#journal.end);
  }

  /** Writes the run of blocks at `at` in one go. @returns where it ends in `bytes` */
  #takeBlocks(bytes: Buffer, at: number): number {
    const file = this.#file;
    const epoch = this.#journal.files.last?.epoch;
    if (file === null || epoch === undefined) throw this.#mismatch('there is no file yet, and blocks came before a file header');
    let end = this.#journal.end;
    let to = at;
    let refusal: string | null = null;
    while (to < bytes.length && !looksLikeHeader(bytes.subarray(to, to + 8))) {
      const header = readBlockHeader(bytes, to);
      if (typeof header === 'string') refusal = header;
      else if (header.length > bytes.length - to) refusal = 'a block that is cut off';
      else if (comparePositions(header.start, end.position) !== 0) refusal = `a block of ${formatPosition(header.start)}`;
      else if (header.major !== epoch.major || header.minor !== epoch.minor)
        refusal = `a block of epoch ${header.major}.${header.minor} in a file of ${epoch.major}.${epoch.minor}`;
      else if (header.previousChain !== end.chain) refusal = 'its chain is another one';
      else if (!isIntact(bytes.subarray(to, to + header.length))) refusal = 'a block does not match its checksum';
      if (refusal !== null || typeof header === 'string') break;
      end = { position: header.end, chain: header.chain };
      this.#newestBlockMs = header.timeMs;
      to += header.length;
    }
    if (to > at) file.write(bytes, at, to - at, this.#journal.end.position.offset);
    this.#journal.end = end;
    if (refusal !== null) throw this.#mismatch(refusal);
    return to;
  }

  #takeHeader(bytes: Buffer, at: number): number {
    if (bytes.length - at < dataStart) throw this.#mismatch('a file header that is cut off');
    const raw = bytes.subarray(at, at + dataStart);
    const header = decodeHeader(raw, 'the file received');
    this.#checkHeader(header);
    this.#begin(header, raw);
    return at + dataStart;
  }

  #checkHeader(header: JournalHeader): void {
    const { files, identity, end } = this.#journal;
    if (header.journal.kind !== identity.kind || header.journal.guid !== identity.guid)
      throw this.#mismatch(`it is another journal (${header.journal.guid})`);
    const last = files.last;
    // The first file of all: the journal begins wherever the sender begins.
    if (last === undefined) return;
    if (header.number !== last.number + 1) throw this.#mismatch(`it goes on with file ${header.number}`);
    if (header.previousEnd !== end.position.offset || header.chain !== end.chain)
      throw this.#mismatch(`it closed file ${last.number} at ${header.previousEnd} with another chain or length`);
    if (!continues(header.lineage, last.lineage)) throw this.#mismatch('its lineage is another one');
  }

  #begin(header: JournalHeader, bytes: Buffer): void {
    const { files } = this.#io;
    this.#file?.sync();
    this.#file?.close();
    this.#file = null;
    const named = { ...header, fileName: this.#journal.files.freeName(header) };
    beginFile(files, this.#journal.files, this.#journal.alternate, named.fileName, bytes);
    this.#reached(this.#journal.began(named, 'received'));
    this.#attach(named);
  }

  #attach(header: JournalHeader): void {
    const path = this.#journal.files.path(header);
    this.#file = this.#io.files.open(path, 'update');
    this.#disk.attach(path, (error) => this.#failed(error));
  }

  #scheduleSync(): void {
    if (this.#isSyncing || this.#closing !== null || comparePositions(this.#synced, this.#journal.end.position) >= 0) return;
    this.#isSyncing = true;
    const end = this.#journal.end;
    this.#disk.sync((error) => {
      this.#failed(error);
      if (error === null) {
        this.#journal.noteSynced(end);
        this.#reached(end.position);
      }
      if (this.#closing !== null) return;
      this.#timer = this.#io.clock.timer(this.#syncIntervalMs, () => this.#mayScheduleSync());
    });
  }

  #mayScheduleSync(): void {
    this.#timer?.cancel();
    this.#timer = null;
    this.#isSyncing = false;
    this.#scheduleSync();
  }

  /** Syncs what is left without waiting for more of it. */
  hurry(): void {
    // Else a sync is under way, or nothing has come since the last one.
    if (this.#timer !== null && this.#closing === null) this.#mayScheduleSync();
  }

  #reached(position: Position): void {
    if (comparePositions(position, this.#synced) <= 0) return;
    this.#synced = position;
    this.#syncedListeners.emit(position);
  }

  #failed(error: GemelError | null): void {
    if (error === null || this.#error !== null) return;
    this.#error = error;
    this.#errors.emit(error);
  }
}
