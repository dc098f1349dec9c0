import { GemelError } from '../../api/errors.ts';
import { assert } from '../../io/assert.ts';
import { RawReader, type Journal, type Position } from '../../journal/index.ts';
import type { Channel } from '../wire.ts';
import type { DurableFeed, Piece } from './durable-feed.ts';

/** What may wait in one connection; more is read from the files when it drains. */
const PENDING_MAX = 2 * 1024 * 1024;
/** Sent in one turn: a fast line would else take all that is behind in one, and the primary's clients would wait. */
const TURN_BYTES = 256 * 1024;
/** While clients update, sending gets one part of so many of the executor's time; those who are far behind wait. */
const SHARE = 10;

/** How long to leave the executor to others after a turn. @param hasOthers clients have updated something since the last one */
export function restMs(spentMs: number, hasOthers: boolean): number {
  return hasOthers ? Math.max(1, (SHARE - 1) * spentMs) : 1;
}

/**
 * Sends an async member the journal that is durable in the mirror, always from the files: what it is behind costs no memory,
 * and nothing that could still be dropped ever leaves (MIRROR-PROTOCOL, invariant 5).
 */
export class DurableSender {
  /** End of what was handed to the connection. */
  sent: Position;
  readonly #channel: Channel;
  readonly #feed: DurableFeed;
  readonly #raw: RawReader;
  readonly #failed: (error: GemelError) => void;
  readonly #stop: () => void;
  /** The next piece is being compressed, or is for the next turn. */
  #isWaiting = false;
  /** Since the last turn. */
  #turn = { bytes: 0, spentMs: 0, sealedBytes: 0 };
  #timer: { cancel(): void } | null = null;
  #isClosed = false;

  /** @param failed the journal from there on is not there any more, or damaged */
  constructor(options: { channel: Channel; feed: DurableFeed; journal: Journal; from: Position; failed: (error: GemelError) => void }) {
    this.#channel = options.channel;
    this.#feed = options.feed;
    this.#failed = options.failed;
    this.sent = options.from;
    this.#raw = new RawReader(options.journal.files, options.from);
    this.#channel.connection.onDrain = () => this.#pump();
    this.#stop = this.#feed.add(() => this.#pump());
  }

  close(): void {
    this.#isClosed = true;
    this.#stop();
    this.#timer?.cancel();
    this.#raw.close();
  }

  /** One piece after the other, as long as the connection takes them. */
  #pump(): void {
    const begun = this.#feed.clock.monotonicMs();
    try {
      this.#take();
    } catch (error) {
      if (!(error instanceof GemelError)) throw error;
      this.#failed(error);
    }
    this.#turn.spentMs += this.#feed.clock.monotonicMs() - begun;
    if (this.#turn.bytes >= TURN_BYTES && !this.#isWaiting && !this.#isClosed) this.#nextTurn();
  }

  #take(): void {
    const { connection } = this.#channel;
    while (
      !this.#isWaiting &&
      !this.#isClosed &&
      !this.#channel.closed &&
      this.#turn.bytes < TURN_BYTES &&
      connection.pending < PENDING_MAX
    ) {
      const piece = this.#feed.next(this.sent, this.#raw);
      if (piece === null) return;
      if (piece.frame === null) return this.#sendWhenReady(piece);
      this.#send(piece);
    }
  }

  #sendWhenReady(piece: Piece): void {
    this.#isWaiting = true;
    void piece.ready.then(() => {
      this.#isWaiting = false;
      if (this.#isClosed) return;
      this.#send(piece);
      this.#pump();
    });
  }

  #nextTurn(): void {
    const { sealedBytes } = this.#feed.writer;
    const waitMs = restMs(this.#turn.spentMs, sealedBytes !== this.#turn.sealedBytes);
    this.#turn = { bytes: 0, spentMs: 0, sealedBytes };
    this.#isWaiting = true;
    this.#timer = this.#feed.clock.timer(waitMs, () => {
      this.#isWaiting = false;
      this.#pump();
    });
  }

  #send({ frame, end, bytes }: Piece): void {
    assert(frame !== null, 'a piece that is ready has a frame');
    this.sent = end;
    this.#turn.bytes += bytes;
    this.#channel.send(frame);
  }
}
