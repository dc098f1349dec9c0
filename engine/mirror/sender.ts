import { comparePositions, RawReader, type Journal, type JournalWriter, type Position, type SealedBlock } from '../journal/index.ts';
import type { Clock } from '../io/clock.ts';
import type { JournalOutlet } from './journal-outlet.ts';
import { kinds, positionFrame, type Channel } from './wire.ts';

/** What may wait in the connection while catching up; more is read when it drains. */
const PENDING_MAX = 4 * 1024 * 1024;
const PIECE = 512 * 1024;
/** Sent in one turn: a fast line would else take all that is lacking in one, and clients would wait. */
const TURN_BYTES = 2 * 1024 * 1024;
/** How long the news of a durable position waits for a block to travel with. */
const NEWS_MS = 4;

/**
 * Sends the primary's journal to one member: what it lacks from the files, then each block as it is sealed. A member
 * that does not keep up and is not waited for is sent from the files again.
 */
export class Sender {
  /** End of what was handed to the connection. */
  sent: Position;
  /** End of what the member has acknowledged. */
  acknowledged: Position;
  /** Since when (monotonic ms) something is sent and not acknowledged; null: everything is. */
  unacknowledgedSince: number | null = null;
  readonly #channel: Channel;
  readonly #outlet: JournalOutlet;
  readonly #writer: JournalWriter;
  readonly #clock: Clock;
  readonly #raw: RawReader;
  readonly #caughtUp: () => void;
  readonly #stops: (() => void)[] = [];
  #live: boolean = false;
  #target: Position | null = null;
  #toldDurable: Position = { file: 0, offset: 0 };
  #news: { cancel(): void } | null = null;
  /** Catching up goes on in the next turn. */
  #later: { cancel(): void } | null = null;

  /** @param caughtUp called when the member has acknowledged everything there was when it joined the live stream */
  constructor(options: {
    channel: Channel;
    /** Of that channel. */
    outlet: JournalOutlet;
    writer: JournalWriter;
    journal: Journal;
    clock: Clock;
    from: Position;
    caughtUp: () => void;
  }) {
    this.#channel = options.channel;
    this.#outlet = options.outlet;
    this.#writer = options.writer;
    this.#clock = options.clock;
    this.#caughtUp = options.caughtUp;
    this.sent = this.acknowledged = options.from;
    this.#raw = new RawReader(options.journal.files, options.from);
    this.#stops.push(
      this.#writer.onSealed((block) => this.#sealed(block)),
      this.#writer.onSwitched((_header, bytes) => this.#switched(bytes)),
      this.#writer.onWritten(() => this.#catchUp()),
      this.#writer.onDurable(() => this.#durable()),
    );
    this.#outlet.onDrain = () => this.#catchUp();
    this.#catchUp();
    // A member that lacks nothing is sent nothing, and could otherwise not know how much of it is durable.
    this.#durable();
  }

  close(): void {
    for (const stop of this.#stops) stop();
    this.#news?.cancel();
    this.#later?.cancel();
    this.#raw.close();
  }

  /** The member has everything before this in its journal file. */
  acknowledge(position: Position): void {
    if (comparePositions(position, this.acknowledged) > 0) this.acknowledged = position;
    this.unacknowledgedSince = comparePositions(this.acknowledged, this.sent) >= 0 ? null : this.#clock.monotonicMs();
    if (this.#target === null || comparePositions(this.acknowledged, this.#target) < 0) return;
    this.#target = null;
    this.#caughtUp();
  }

  #send(bytes: Buffer, end: Position): void {
    this.sent = end;
    this.unacknowledgedSince ??= this.#clock.monotonicMs();
    this.#toldDurable = this.#writer.durable;
    this.#outlet.send(this.#writer.durable, bytes);
  }

  #sealed(block: SealedBlock): void {
    if (this.#live) this.#send(block.bytes, block.end);
  }

  #switched(header: Buffer): void {
    if (this.#live) this.#send(header, this.#writer.end);
  }

  /** From the files up to what is written; then the block in flight, and live from there. */
  #catchUp(): void {
    if (this.#live || this.#later !== null) return;
    let bytes = 0;
    while (this.#outlet.pending < PENDING_MAX && !this.#channel.closed) {
      const piece = this.#raw.next(this.#writer.written, PIECE);
      if (piece !== null) {
        this.#send(piece.bytes, piece.end);
        bytes += piece.bytes.length;
        if (bytes >= TURN_BYTES) return this.#catchUpLater();
        continue;
      }
      const inFlight = this.#writer.inFlight;
      const here = this.#raw.position;
      if (inFlight !== null && comparePositions(inFlight.start, here) === 0) this.#send(inFlight.bytes, inFlight.end);
      else if (comparePositions(here, this.#writer.end) !== 0) return;
      this.#goLive();
      return;
    }
  }

  #catchUpLater(): void {
    this.#later = this.#clock.timer(1, () => {
      this.#later = null;
      this.#catchUp();
    });
  }

  #goLive(): void {
    this.#live = true;
    this.#target = this.sent;
    // Nothing may be missing at all, and nobody would acknowledge it.
    if (comparePositions(this.acknowledged, this.sent) >= 0) this.acknowledge(this.acknowledged);
  }

  #durable(): void {
    if (this.#news !== null) return;
    this.#news = this.#clock.timer(NEWS_MS, () => {
      this.#news = null;
      if (comparePositions(this.#toldDurable, this.#writer.durable) >= 0) return;
      this.#toldDurable = this.#writer.durable;
      this.#channel.send(positionFrame(kinds.durable, this.#writer.durable));
    });
  }
}
