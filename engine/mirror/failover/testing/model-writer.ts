import type { Position } from '../types.ts';
import type { MemberProcess } from './member-process.ts';
import { positionAtEnd, reaches, withBlock, type ModelJournal } from './model-journal.ts';

/** A primary's journal writer in small, with the commit rule: one block at a time, durable when written here and let through by the gate. */
export class ModelWriter {
  gate: 'open' | 'remote' | 'hold' = 'hold';
  readonly #process: MemberProcess;
  /** Updates not yet in a block. */
  #waiting = 0;
  #inFlight: { readonly block: number; synced: boolean; readonly end: Position } | null = null;
  /** The backup has acknowledged everything before. */
  #remote: Position = { file: 0, offset: 0 };
  #draining = false;
  #ended = false;

  constructor(process: MemberProcess) {
    this.#process = process;
  }

  /** The block that is being written and perhaps not in the file. */
  get unsynced(): number | null {
    return this.#inFlight === null || this.#inFlight.synced ? null : this.#inFlight.block;
  }

  /** The journal with what is being written. */
  get sealed(): ModelJournal {
    const { journal } = this.#process.member;
    return this.unsynced === null ? journal : withBlock(journal, this.unsynced);
  }

  /** Clients send this many updates. */
  take(updates: number): void {
    if (this.#draining) return;
    this.#waiting = Math.min(20, this.#waiting + updates);
    this.settle();
  }

  /** Takes no more, and says `drained` when all is durable. */
  drain(): void {
    this.#draining = true;
    this.settle();
  }

  resume(): void {
    this.#draining = false;
  }

  /** Nothing of it happens any more. */
  end(): void {
    this.#ended = true;
  }

  acknowledged(end: Position): void {
    if (!reaches(this.#remote, end)) this.#remote = end;
  }

  settle(): void {
    const { member, host } = this.#process;
    const inFlight = this.#inFlight;
    if (inFlight?.synced === true && (this.gate === 'open' || (this.gate === 'remote' && reaches(this.#remote, inFlight.end)))) {
      this.#inFlight = null;
      member.world.durable(host, inFlight.block, member.journal.at(-1)?.epoch ?? { major: 0, minor: 0, member: '' });
    }
    if (this.#inFlight === null && this.#waiting > 0) this.#seal();
    if (this.#draining && this.#inFlight === null && this.#waiting === 0) this.#process.in(0, () => this.#drained());
  }

  #drained(): void {
    if (this.#draining && !this.#ended && this.#inFlight === null)
      this.#process.input({ on: 'drained', end: positionAtEnd(this.#process.member.journal) });
  }

  #seal(): void {
    const { member } = this.#process;
    this.#waiting -= 1;
    const block = member.world.newBlock();
    const inFlight = { block, synced: false, end: positionAtEnd(withBlock(member.journal, block)) };
    this.#inFlight = inFlight;
    this.#process.in(1 + 8 * member.world.random(), () => {
      if (this.#ended) return;
      if (member.ills.has('disk'))
        return this.#process.input({ on: 'journal-failed', why: 'no space', end: positionAtEnd(member.journal) });
      member.journal = withBlock(member.journal, block);
      inFlight.synced = true;
      this.settle();
    });
    this.#process.blockSealed(this.sealed);
  }
}
