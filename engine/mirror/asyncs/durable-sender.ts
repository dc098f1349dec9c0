import { GemelError } from '../../api/errors.ts';
import type { Clock } from '../../io/clock.ts';
import { comparePositions, RawReader, type Journal, type JournalWriter, type Position } from '../../journal/index.ts';
import { journalFrame, kinds, type Channel } from '../wire.ts';

/** What may wait in one connection; more is read from the files when it drains. */
const PENDING_MAX = 2 * 1024 * 1024;
const PIECE = 256 * 1024;
/** What becomes durable within this time is read in one go. */
const GATHER_MS = 10;

/**
 * Sends an async member the journal that is durable in the mirror, always from the files: what it is behind costs no memory,
 * and nothing that could still be dropped ever leaves (MIRROR-PROTOCOL, invariant 5).
 */
export class DurableSender {
  /** End of what was handed to the connection. */
  sent: Position;
  readonly #channel: Channel;
  readonly #writer: JournalWriter;
  readonly #clock: Clock;
  readonly #raw: RawReader;
  readonly #failed: (error: GemelError) => void;
  readonly #stop: () => void;
  #timer: { cancel(): void } | null = null;
  #isClosed = false;

  /** @param failed the journal from there on is not there any more, or damaged */
  constructor(options: {
    channel: Channel;
    writer: JournalWriter;
    journal: Journal;
    clock: Clock;
    from: Position;
    failed: (error: GemelError) => void;
  }) {
    this.#channel = options.channel;
    this.#writer = options.writer;
    this.#clock = options.clock;
    this.#failed = options.failed;
    this.sent = options.from;
    this.#raw = new RawReader(options.journal.files, options.from);
    this.#stop = this.#writer.onDurable(() => this.#soon());
    this.#channel.connection.onDrain = () => this.#pump();
    this.#soon();
  }

  close(): void {
    this.#isClosed = true;
    this.#stop();
    this.#timer?.cancel();
    this.#raw.close();
  }

  #soon(): void {
    this.#timer ??= this.#clock.timer(GATHER_MS, () => {
      this.#timer = null;
      this.#pump();
    });
  }

  #pump(): void {
    try {
      while (!this.#isClosed && !this.#channel.closed && this.#channel.connection.pending < PENDING_MAX) {
        const { durable } = this.#writer;
        if (comparePositions(this.sent, durable) >= 0) return;
        const piece = this.#raw.next(durable, PIECE);
        if (piece === null) return;
        this.sent = piece.end;
        this.#channel.send(journalFrame(kinds.block, durable, piece.bytes));
      }
    } catch (error) {
      if (!(error instanceof GemelError)) throw error;
      this.#failed(error);
    }
  }
}
