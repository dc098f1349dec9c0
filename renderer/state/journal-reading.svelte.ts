import type { RecordView } from '../../engine/api/journals.ts';
import type { ConsoleClient, JournalQuery, Problem } from '../../main/contract/index.ts';
import { toProblem } from './problem.ts';

/** So many records are shown at first, and with each more. */
export const PAGE = 200;
const WAIT_MS = 1000;

/** `paused`: there may be more. `ended`: those were all. */
export type ReadingState = 'idle' | 'reading' | 'paused' | 'ended' | 'stopped' | 'failed';

/** Records of a journal, shown as they are found. Another reading takes the place of the one before. */
export class JournalReading {
  readonly #client: ConsoleClient;
  #reader: number | null = null;
  /** Counts readings: what comes of an older one is nobody's any more. */
  #turn = 0;
  #wanted = 0;
  state: ReadingState = $state('idle');
  records: readonly RecordView[] = $state.raw([]);
  problem: Problem | null = $state.raw(null);

  constructor(client: ConsoleClient) {
    this.#client = client;
  }

  async begin(instance: string, query: JournalQuery): Promise<void> {
    this.stop();
    const turn = this.#turn;
    this.records = [];
    this.problem = null;
    this.#wanted = PAGE;
    this.state = 'reading';
    await this.#attempt(turn, async () => {
      const { reader } = await this.#client.call('journal.open', { instance, query });
      if (turn !== this.#turn) return this.#forget(reader);
      this.#reader = reader;
      await this.#read(turn, reader);
    });
  }

  async more(): Promise<void> {
    const reader = this.#reader;
    if (this.state !== 'paused' || reader === null) return;
    this.#wanted += PAGE;
    this.state = 'reading';
    const turn = this.#turn;
    await this.#attempt(turn, () => this.#read(turn, reader));
  }

  /** What was found stays. */
  stop(): void {
    this.#turn += 1;
    if (this.#reader !== null) this.#forget(this.#reader);
    this.#reader = null;
    if (this.state === 'reading' || this.state === 'paused') this.state = 'stopped';
  }

  async #read(turn: number, reader: number): Promise<void> {
    while (this.records.length < this.#wanted) {
      const count = this.#wanted - this.records.length;
      const { records, isAtEnd } = await this.#client.call('journal.read', { reader, count, waitMs: WAIT_MS });
      if (turn !== this.#turn) return;
      if (records.length > 0) this.records = [...this.records, ...records];
      if (!isAtEnd) continue;
      this.#reader = null;
      this.state = 'ended';
      return;
    }
    this.state = 'paused';
  }

  async #attempt(turn: number, work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      if (turn !== this.#turn) return;
      this.#reader = null;
      this.problem = toProblem(error);
      this.state = 'failed';
    }
  }

  #forget(reader: number): void {
    // Not heard of it is given up by itself after a while.
    this.#client.call('journal.close', { reader }).catch((error: unknown) => console.error(error));
  }
}
