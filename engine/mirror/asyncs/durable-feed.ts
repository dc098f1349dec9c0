import type { CompressionType } from '../../api/compression.ts';
import type { Clock } from '../../io/clock.ts';
import type { Compressor } from '../../io/compression.ts';
import { comparePositions, type JournalWriter, type Position, type RawReader } from '../../journal/index.ts';
import { COMPRESSED_MIN, frameOf } from '../journal-frame.ts';

const PIECE = 256 * 1024;
/** What becomes durable within this time is read in one go. */
const GATHER_MS = 10;
/** Newest pieces that are kept for whoever comes by the same place. */
const KEPT_MAX = 2 * 1024 * 1024;

/** A piece of durable journal as a connection takes it. */
export interface Piece {
  readonly end: Position;
  /** Of journal. */
  readonly bytes: number;
  /** Not to be changed: it goes to several connections. null: still being compressed, by another thread. */
  readonly frame: Buffer | null;
  /** Once `frame` is there. */
  readonly ready: Promise<void>;
}

/**
 * The durable journal for all asyncs of a primary. They are at the same place most of the time: a piece is read and compressed once,
 * and whoever comes by while it is kept gets the same bytes. Whoever is behind gets pieces of its own, from the files.
 */
export class DurableFeed {
  readonly writer: JournalWriter;
  readonly type: CompressionType | null;
  readonly clock: Clock;
  readonly #compressor: Compressor;
  readonly #takers = new Set<() => void>();
  readonly #kept = new Map<string, Piece>();
  #keptBytes = 0;
  #timer: { cancel(): void } | null = null;
  readonly #stop: () => void;

  /** @param options.type what asyncs get their journal compressed by; null: as it is */
  constructor(options: { writer: JournalWriter; clock: Clock; compressor: Compressor; type: CompressionType | null }) {
    this.writer = options.writer;
    this.type = options.type;
    this.clock = options.clock;
    this.#compressor = options.compressor;
    this.#stop = this.writer.onDurable(() => this.#soon());
  }

  close(): void {
    this.#stop();
    this.#timer?.cancel();
    this.#kept.clear();
  }

  /**
   * Calls `take` when more is durable, for all of them in one turn: they then go on at the same place.
   * @returns ends that
   */
  add(take: () => void): () => void {
    this.#takers.add(take);
    this.#soon();
    return () => void this.#takers.delete(take);
  }

  /**
   * What comes after `from`; null: nothing that is durable.
   * @param reader of the taker, used when nobody has been there before
   * @throws GemelError NOT_FOUND when the file is not there any more, DAMAGED when no blocks stand where they should
   */
  next(from: Position, reader: RawReader): Piece | null {
    const { durable } = this.writer;
    if (comparePositions(from, durable) >= 0) return null;
    const key = `${from.file}:${from.offset}`;
    const kept = this.#kept.get(key);
    if (kept !== undefined) return kept;
    reader.seek(from);
    const raw = reader.next(durable, PIECE);
    if (raw === null) return null;
    const piece = this.#pieceOf(raw.bytes, raw.end, durable);
    this.#keep(key, piece);
    return piece;
  }

  #pieceOf(content: Buffer, end: Position, durable: Position): Piece {
    const bytes = content.length;
    const { type } = this;
    if (type === null || bytes < COMPRESSED_MIN)
      return { end, bytes, frame: frameOf(durable, content, null, null), ready: Promise.resolve() };
    const { promise, resolve } = Promise.withResolvers<void>();
    const piece = { end, bytes, frame: null as Buffer | null, ready: promise };
    this.#compressor.compressAside(type, content, (compressed) => {
      piece.frame = frameOf(durable, content, type, compressed);
      resolve();
    });
    return piece;
  }

  #keep(key: string, piece: Piece): void {
    this.#kept.set(key, piece);
    this.#keptBytes += piece.bytes;
    for (const [oldest, { bytes }] of this.#kept) {
      if (this.#keptBytes <= KEPT_MAX || oldest === key) return;
      this.#kept.delete(oldest);
      this.#keptBytes -= bytes;
    }
  }

  #soon(): void {
    if (this.#takers.size === 0) return;
    this.#timer ??= this.clock.timer(GATHER_MS, () => {
      this.#timer = null;
      for (const take of [...this.#takers]) take();
    });
  }
}
