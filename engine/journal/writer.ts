import type { GemelError } from '../api/errors.ts';
import type { Bytes } from '../globals/bytes.ts';
import { assert } from '../io/assert.ts';
import type { Io } from '../io/io.ts';
import { AlternateDisk } from './alternate-disk.ts';
import { BlockQueue } from './block-queue.ts';
import type { JournalDisk } from './disk.ts';
import { DurableWaiters } from './durable-waiters.ts';
import { Gathering } from './gathering.ts';
import { Histogram } from './histogram.ts';
import type { Journal } from './journal.ts';
import { Listeners } from './listeners.ts';
import type { OpenBlock } from './open-block.ts';
import { comparePositions, compareEpochs } from './position.ts';
import { Recorder } from './recorder.ts';
import {
  dataStart,
  type DatabaseIdentity,
  type Epoch,
  type Gate,
  type JournalHeader,
  type Position,
  type RecordType,
  type SealedBlock,
} from './types.ts';

const noFile: Position = { file: 0, offset: 0 };

export interface JournalWriterOptions {
  readonly io: Io;
  /** Opened journal; the writer keeps its index and end up to date. */
  readonly journal: Journal;
  /** The writer owns it and closes it. */
  readonly disk: JournalDisk;
  /** The epoch to write in. It may be the last one's again (same member), never an older one. */
  readonly epoch: Epoch;
  /** A file is switched when it would grow beyond this; default 256 MB. */
  readonly fileBytesMax?: number;
  /** Default 'open'. */
  readonly gate?: Gate;
}

interface InFlight {
  readonly sealed: SealedBlock;
  readonly memory: OpenBlock;
  readonly sealedAtMs: number;
  isWritten: boolean;
}

interface SwitchRequest {
  readonly reason: string;
  readonly epoch: Epoch | null;
  readonly resolve: (position: Position) => void;
  readonly reject: (error: GemelError) => void;
}

/**
 * Writes a journal in groups. Records are encoded at once into the open block, in shared memory; one block at a time is sealed,
 * shown to `onSealed` (to be sent to the backup) and written and synced by the disk. It is durable when that is done and
 * the gate lets it. Nothing here throws into the executor because of the disk: `onError` tells of it once, and then nothing
 * becomes durable any more.
 */
export class JournalWriter extends Recorder {
  /** Time from sealing to durable, in ms. */
  readonly latency = new Histogram();
  readonly #io: Io;
  readonly #journal: Journal;
  readonly #disk: JournalDisk;
  readonly #fileBytesMax: number;
  readonly #chain = Buffer.alloc(16);
  readonly #queue = new BlockQueue();
  readonly #gathering = new Gathering();
  readonly #waiters = new DurableWaiters();
  readonly #sealed = new Listeners<[SealedBlock]>();
  readonly #written = new Listeners<[Position]>();
  readonly #durableListeners = new Listeners<[Position, number]>();
  readonly #switched = new Listeners<[JournalHeader, Buffer]>();
  readonly #errors = new Listeners<[GemelError]>();
  #epoch: Epoch;
  #gate: Gate;
  #remote: Position = noFile;
  #end: Position = noFile;
  #durable: Position = noFile;
  #sealedBytes = 0;
  #inFlight: InFlight | null = null;
  #switches: SwitchRequest[] = [];
  /** Kept when the switch under way has ended. */
  #switching: Promise<void> | null = null;
  #isScheduled = false;
  #error: GemelError | null = null;
  #isClosing = false;

  private constructor(options: JournalWriterOptions) {
    super();
    this.#io = options.io;
    this.#journal = options.journal;
    const { alternate, files } = options.journal;
    this.#disk = alternate === null ? options.disk : new AlternateDisk(files, alternate, options.disk);
    this.#epoch = options.epoch;
    this.#fileBytesMax = options.fileBytesMax ?? 256 * 1024 * 1024;
    this.#gate = options.gate ?? 'open';
    this.#chain.write(options.journal.end.chain, 'hex');
  }

  /**
   * Begins a new file, durably, in the epoch given: with it the lineage says where this epoch begins.
   * @throws GemelError when the file cannot be made
   */
  static async open(options: JournalWriterOptions): Promise<JournalWriter> {
    const last = options.journal.files.lineage.at(-1)?.epoch;
    assert(last === undefined || compareEpochs(last, options.epoch) <= 0, 'a journal is not continued in an older epoch');
    options.journal.cutTornTail();
    const writer = new JournalWriter(options);
    await new Promise<Position>((resolve, reject) => {
      writer.#switches.push({ reason: 'start', epoch: options.epoch, resolve, reject });
      writer.#pump();
    });
    return writer;
  }

  /** End of all that has been sealed. */
  get end(): Position {
    return this.#end;
  }

  /** Everything before it is durable. */
  get durable(): Position {
    return this.#durable;
  }

  /** End of what is synced here. */
  get written(): Position {
    return this.#journal.end.position;
  }

  get epoch(): Epoch {
    return this.#epoch;
  }

  /** Bytes of all blocks sealed so far. */
  get sealedBytes(): number {
    return this.#sealedBytes;
  }

  /** The block that is sealed but not durable. */
  get inFlight(): SealedBlock | null {
    return this.#inFlight?.sealed ?? null;
  }

  /** The block under way is synced here, and only the backup is still to acknowledge it. */
  get awaitsBackup(): boolean {
    return this.#inFlight?.isWritten === true;
  }

  get error(): GemelError | null {
    return this.#error;
  }

  /** True while so much waits to be written that no more should be begun. It ends with an `onDurable`. */
  get saturated(): boolean {
    return this.#error !== null || this.#queue.saturated;
  }

  /** A block got its place: called at once, before it is written. */
  onSealed(listener: (block: SealedBlock) => void): () => void {
    return this.#sealed.add(listener);
  }

  /** Synced here up to there. */
  onWritten(listener: (position: Position) => void): () => void {
    return this.#written.add(listener);
  }

  /** Durable up to there, and with it every update up to that ticket (0: none of its records had one). */
  onDurable(listener: (position: Position, ticket: number) => void): () => void {
    return this.#durableListeners.add(listener);
  }

  /** A new file has been begun: its header, also as the bytes to send to a receiver. */
  onSwitched(listener: (header: JournalHeader, bytes: Buffer) => void): () => void {
    return this.#switched.add(listener);
  }

  /** Called once, when the journal cannot be written. */
  onError(listener: (error: GemelError) => void): () => void {
    return this.#errors.add(listener);
  }

  /** A number for the database, to be used in records of this writer. */
  bind(database: DatabaseIdentity): number {
    return this.#queue.bind(database);
  }

  /** All records that `record` makes become durable together. @param bytes at least what they take  @param databases all that they name */
  together(bytes: number, databases: readonly number[], record: () => void): void {
    this.#queue.together(bytes, databases, record);
  }

  /** The records since the last note are those of this ticket (and older ones): durable with the open block. */
  note(ticket: number): void {
    this.#queue.note(ticket);
  }

  setGate(gate: Gate): void {
    this.#gate = gate;
    this.#settle();
  }

  /** The backup has everything before that position in its journal file. */
  remoteAcknowledged(position: Position): void {
    if (comparePositions(position, this.#remote) <= 0) return;
    this.#remote = position;
    this.#settle();
  }

  /** Durable with everything recorded before the call. Rejects when the journal cannot be written. */
  async settled(): Promise<Position> {
    const newest = this.#queue.newest ?? this.#inFlight?.memory;
    if (this.#error !== null) throw this.#error;
    if (newest === undefined) return this.#durable;
    return this.#waiters.wait(newest.sequence);
  }

  /** Begins a new file once the block in flight is durable. Resolves with where it begins. */
  switch(reason: string): Promise<Position> {
    return this.#requestSwitch(reason, null);
  }

  /**
   * Begins a new epoch in a new file once everything recorded is durable. Nothing may be recorded until it resolves.
   */
  async startEpoch(epoch: Epoch): Promise<Position> {
    assert(compareEpochs(this.#epoch, epoch) < 0, 'epochs only grow');
    await this.settled();
    return this.#requestSwitch('new epoch', epoch);
  }

  /** Makes everything recorded durable, closes the file at its length and ends. The gate has to let it. */
  async close(): Promise<void> {
    await this.settled();
    while (this.#switching !== null) {
      await this.#switching;
      await this.settled();
    }
    return this.#finish(this.#end.offset);
  }

  /** Ends without waiting for more than the write under way: what is not durable may or may not stand in the file. */
  async abandon(): Promise<void> {
    if (this.#isClosing) return;
    return this.#finish(null);
  }

  async #finish(length: number | null): Promise<void> {
    this.#isClosing = true;
    await new Promise<void>((resolve, reject) => {
      // Without a length the file stays as it is: opening the journal finds its end.
      if (length !== null)
        this.#disk.finish(length, (error) => {
          if (error !== null) reject(error);
        });
      this.#disk.close((error) => (error === null || length === null ? resolve() : reject(error)));
    });
    this.#journal.log('closed', this.#journal.files.last, length === null ? 'abandoned' : 'stop');
  }

  #requestSwitch(reason: string, epoch: Epoch | null): Promise<Position> {
    return new Promise((resolve, reject) => {
      if (this.#error !== null) return reject(this.#error);
      this.#switches.push({ reason, epoch, resolve, reject });
      this.#pump();
    });
  }

  protected record(
    type: RecordType,
    compensation: boolean,
    database: number,
    session: number,
    transaction: number,
    key: Bytes,
    value: Bytes,
    old: Bytes | undefined,
  ): void {
    assert(!this.#isClosing, 'a closed journal takes no records');
    // It can never become durable: keeping it would only fill the memory.
    if (this.#error !== null) return;
    this.#queue.add(type, compensation, database, session, transaction, key, value, old);
    if (!this.#isScheduled && this.#inFlight === null && this.#switching === null) this.#gather();
  }

  /** Lets the open block be sealed when it has gathered enough. */
  #gather(): void {
    this.#isScheduled = true;
    this.#gathering.begin();
    const turn = (): void => {
      const isEnough = this.#queue.hasFull || this.#gathering.isEnough(this.#queue.records, this.#queue.size);
      if (!isEnough) return this.#io.turns.atEndOfTurn(turn);
      this.#isScheduled = false;
      this.#pump();
    };
    this.#io.turns.atEndOfTurn(turn);
  }

  /** Gives the disk the next thing to do, if it has nothing. */
  #pump(): void {
    if (this.#inFlight !== null || this.#switching !== null || this.#error !== null || this.#isClosing) return;
    const request = this.#switches.shift();
    if (request !== undefined) return this.#begin(request);
    const next = this.#queue.next();
    if (next === undefined) return;
    const wouldEnd = this.#end.offset + next.sealedBytes(this.#end.file);
    if (wouldEnd > this.#fileBytesMax && this.#end.offset > dataStart)
      return this.#begin({ reason: 'size', epoch: null, resolve: () => undefined, reject: () => undefined });
    this.#queue.shift();
    this.#seal(next);
  }

  #seal(block: OpenBlock): void {
    const start = this.#end;
    const timeMs = this.#io.clock.wallMs();
    const place = block.seal({ major: this.#epoch.major, minor: this.#epoch.minor, timeMs, start }, this.#chain);
    this.#end = { file: start.file, offset: start.offset + place.length };
    this.#sealedBytes += place.length;
    const bytes = Buffer.from(place.memory, place.from, place.length);
    const sealed: SealedBlock = { bytes, start, end: this.#end, timeMs, records: bytes.readUInt32LE(24) };
    const inFlight: InFlight = { sealed, memory: block, sealedAtMs: this.#io.clock.monotonicMs(), isWritten: false };
    this.#inFlight = inFlight;
    const chain = this.#chain.toString('hex');
    const append = (): void =>
      this.#disk.append(place.memory, place.from, place.length, start.offset, (error) => {
        if (error !== null) return this.#fail(error);
        inFlight.isWritten = true;
        this.#journal.end = { position: sealed.end, chain };
        this.#journal.noteSynced(this.#journal.end);
        this.#written.emit(sealed.end);
        this.#settle();
      });
    // Sending and syncing go on at the same time: what another does for us is begun first.
    const isInline = this.#disk.isInline(place.length, start.offset);
    if (!isInline) append();
    this.#sealed.emit(sealed);
    if (isInline) append();
  }

  #mayBeDurable(end: Position): boolean {
    return this.#gate === 'open' || (this.#gate === 'remote' && comparePositions(this.#remote, end) >= 0);
  }

  #settle(): void {
    const block = this.#inFlight;
    if (block === null || !block.isWritten || this.#error !== null || !this.#mayBeDurable(block.sealed.end)) return;
    this.#inFlight = null;
    this.#durable = block.sealed.end;
    this.latency.add(this.#io.clock.monotonicMs() - block.sealedAtMs);
    const ticket = block.memory.ticket;
    this.#queue.giveBack(block.memory);
    this.#gathering.durable(block.memory.records, this.#queue.records);
    // A whole block waits: the disk works while replies are sent. Else the answered clients' next updates join those that wait.
    if (this.#queue.hasFull || this.#switches.length > 0) this.#pump();
    else if (!this.#queue.isEmpty && !this.#isScheduled) this.#gather();
    this.#waiters.reached(block.memory.sequence, block.sealed.end);
    this.#durableListeners.emit(block.sealed.end, ticket);
  }

  #begin(request: SwitchRequest): void {
    assert(request.epoch === null || this.#queue.isEmpty, 'nothing was recorded while the epoch changes');
    if (request.epoch !== null) this.#epoch = request.epoch;
    const { header, bytes } = this.#journal.nextHeader(this.#io.clock.wallMs(), this.#epoch);
    this.#switching = new Promise((ended) => {
      const created = (error: GemelError | null): void => {
        ended();
        this.#switching = null;
        if (error !== null) {
          request.reject(error);
          return this.#fail(error);
        }
        this.#end = this.#durable = this.#journal.began(header, request.reason);
        this.#switched.emit(header, bytes);
        request.resolve(this.#end);
        this.#pump();
      };
      const create = (): void => this.#disk.create(this.#journal.files.path(header), bytes, created);
      if (this.#end.file === 0) create();
      else this.#disk.finish(this.#end.offset, (error) => (error === null ? create() : created(error)));
    });
  }

  #fail(error: GemelError): void {
    if (this.#error !== null) return;
    this.#error = error;
    this.#queue.drop();
    this.#waiters.fail(error);
    for (const request of this.#switches.splice(0)) request.reject(error);
    this.#errors.emit(error);
  }
}
