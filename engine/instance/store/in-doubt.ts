import type { Journal, Position } from '../../journal/index.ts';
import type { Executor, JournalPort } from '../executor/index.ts';
import type { Log } from '../messages.ts';
import { inDoubt } from './bars.ts';
import { committedIn, type FoundPrepared } from './recover.ts';

/** Transactions over both journals that the local one left prepared: their databases wait until the mirror's journal tells how they ended. */
export class InDoubt {
  readonly #executor: Executor;
  readonly #port: JournalPort;
  readonly #log: Log;
  #waiting: readonly FoundPrepared[];

  constructor(executor: Executor, port: JournalPort, log: Log, found: readonly FoundPrepared[]) {
    this.#executor = executor;
    this.#port = port;
    this.#log = log;
    this.#waiting = found;
    for (const database of this.#databases) database.bar = inDoubt;
    if (found.length > 0) log(1, `${found.length} transactions over mirrored and unmirrored data wait for the mirror's word.`);
  }

  get count(): number {
    return this.#waiting.length;
  }

  get #databases() {
    return new Set(this.#waiting.flatMap(({ found }) => found.undo.map(({ database }) => database)));
  }

  /** The mirror's journal is settled up to the position: transactions end as it says, where it can. */
  decide(mirrorJournal: Journal, settled: Position): void {
    if (this.#waiting.length === 0) return;
    const before = this.#databases;
    const outcomes = this.#waiting.map((entry) => ({ ...entry, committed: committedIn(mirrorJournal, settled, entry.mirror) }));
    this.#waiting = outcomes.filter(({ committed }) => committed === undefined);
    const after = this.#databases;
    for (const database of before) if (database.bar === inDoubt && !after.has(database)) database.bar = null;
    for (const { found, committed } of outcomes) {
      if (committed === undefined) continue;
      if (committed) this.#executor.commitFound(this.#port, found);
      else this.#executor.rollBackFound(this.#port, [found]);
      const outcome = committed ? 'committed in the mirror and stands' : 'not committed in the mirror and is rolled back';
      this.#log(1, `Transaction ${found.transaction} over both journals was ${outcome}.`);
    }
  }
}
