import type { PeerMessage, Position } from '../types.ts';
import { positionAtEnd, reaches, type ModelJournal } from './model-journal.ts';
import type { End, Process } from './network.ts';
import { Q } from './events.ts';

export type Frame =
  | { readonly t: 'beat'; readonly at: number; readonly echo: number; readonly arbiter: boolean; readonly canTakeOver: boolean }
  | { readonly t: 'peer'; readonly message: PeerMessage }
  | { readonly t: 'membership'; readonly version: number }
  | { readonly t: 'ready'; readonly from: Position }
  | { readonly t: 'journal'; readonly journal: ModelJournal }
  | { readonly t: 'ack'; readonly end: Position };

/** One member's side of the connection to the other one: heartbeats, silence, stalls, and what is sent of the journal. */
export class PeerSide {
  readonly end: End;
  /** The backup wants the journal. */
  ready = false;
  /** What it must acknowledge to be caught up. */
  target: Position | null = null;
  echoedAt = Number.NEGATIVE_INFINITY;
  /** When the newest heartbeat came in. */
  beatHeardAt = 0;
  readonly #process: Process & { readonly now: number };
  readonly #facts: { lost: (link: PeerSide, why: string) => void; arbiter: () => boolean; canTakeOver: () => boolean };
  #heardAt: number;
  #beatAt = Number.NEGATIVE_INFINITY;
  #theirs = 0;
  #sent: Position = { file: 0, offset: 0 };
  #unacknowledgedSince: number | null = null;

  constructor(
    end: End,
    process: Process & { readonly now: number },
    facts: {
      lost: (link: PeerSide, why: string) => void;
      frame: (link: PeerSide, frame: Frame) => void;
      arbiter: () => boolean;
      canTakeOver: () => boolean;
    },
  ) {
    this.end = end;
    this.#process = process;
    this.#facts = facts;
    this.#heardAt = process.now;
    end.onClose = () => facts.lost(this, 'closed');
    end.onMessage = (raw) => {
      const frame = raw as Frame;
      this.#heardAt = process.now;
      if (frame.t === 'beat') {
        if (frame.at > this.#theirs) this.beatHeardAt = process.now;
        this.#theirs = Math.max(this.#theirs, frame.at);
        if (frame.echo > 0) this.echoedAt = Math.max(this.echoedAt, frame.echo);
      }
      facts.frame(this, frame);
    };
    this.#tick();
  }

  close(): void {
    this.end.close();
  }

  send(frame: Frame): void {
    this.end.send(frame);
  }

  beat(): void {
    this.#beatAt = this.#process.now;
    this.send({ t: 'beat', at: this.#beatAt, echo: this.#theirs, arbiter: this.#facts.arbiter(), canTakeOver: this.#facts.canTakeOver() });
  }

  sendJournal(journal: ModelJournal, now: number): void {
    this.#sent = positionAtEnd(journal);
    this.#unacknowledgedSince ??= now;
    this.send({ t: 'journal', journal });
  }

  acknowledged(position: Position, now: number): void {
    this.#unacknowledgedSince = reaches(position, this.#sent) ? null : now;
  }

  #tick(): void {
    if (this.end.closed) return;
    const { now } = this.#process;
    if (now - this.#heardAt > Q * 0.75) return this.#end('silent');
    if (this.#unacknowledgedSince !== null && now - this.#unacknowledgedSince > Q) return this.#end('journal data not acknowledged');
    if (now - this.#beatAt >= Q / 4 - 1) this.beat();
    this.#process.in(Q / 8, () => this.#tick());
  }

  #end(why: string): void {
    this.end.close();
    this.#facts.lost(this, why);
  }
}
