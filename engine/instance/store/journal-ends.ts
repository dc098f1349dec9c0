import { GemelError } from '../../api/errors.ts';
import type { Executor, JournalPort, OpenDatabase } from '../executor/index.ts';
import type { Log } from '../messages.ts';
import { journalBroken } from './bars.ts';
import type { Feed } from './feed.ts';

export interface JournalEndsOptions {
  readonly executor: Executor;
  readonly log: Log;
  readonly feedOf: (port: JournalPort) => Feed | null;
  /** Whoever waits for updates that will never become durable is to be cut. */
  readonly failed: (why: string) => void;
}

/** What happens to databases when the journal that they are updated through is no longer written here. */
export class JournalEnds {
  readonly #options: JournalEndsOptions;

  constructor(options: JournalEndsOptions) {
    this.#options = options;
  }

  /**
   * A journal can no longer be written. Its databases are refused any update; what never became durable is forgotten,
   * as soon as the files have everything that did.
   */
  async failed(port: JournalPort, error: GemelError): Promise<void> {
    const bar = journalBroken(error);
    const databases = this.#through(port);
    for (const database of databases) database.bar = bar;
    this.#options.log(
      3,
      `[JOURNAL_ERROR] ${bar.what} Everything acknowledged is safe; updates of ${databases.map((d) => d.name).join(', ')} are refused. ${bar.todo}`,
    );
    const contained = await this.#drainedAtFailure(port);
    if (contained) this.letGo(port);
    else this.#strand(port, databases);
    this.#options.failed(`${bar.what} Whether this update was kept is not known.`);
    this.#options.executor.advance();
  }

  async #drainedAtFailure(port: JournalPort): Promise<boolean> {
    try {
      await this.#options.feedOf(port)?.drained(port.writer.durable);
      return true;
    } catch (error) {
      if (!(error instanceof GemelError)) throw error;
      this.#options.log(
        2,
        `Not everything durable could be brought into the databases, which therefore stay in memory as they are: ${error.message}`,
      );
      return false;
    }
  }

  /**
   * The journal is no longer written here. What its databases have in memory and not in a durable block never was. Where all of
   * it is durable the memory stays until the files have it too: readers never see an older state again.
   */
  letGo(port: JournalPort): void {
    const databases = this.#through(port);
    const feed = this.#options.feedOf(port);
    const keep = port.durable && feed !== null;
    const durable = port.writer.durable;
    this.#end(port, databases);
    const reset = (): void => {
      for (const database of databases) {
        // Whoever writes it again by now has begun with an empty memory; one that was dismounted has none.
        if (database.journal !== null || !this.#options.executor.namespaces.isCurrent(database)) continue;
        database.release();
        database.nodes.reset();
      }
    };
    if (!keep) return reset();
    feed.drained(durable).then(reset, (error: unknown) => {
      if (!(error instanceof GemelError)) throw error;
      this.#options.log(2, `Not everything durable could be brought into the databases: ${error.message}`);
      reset();
    });
  }

  /** As `letGo`, where the files lack what is durable: memory keeps it, and shows nothing that is not. */
  #strand(port: JournalPort, databases: readonly OpenDatabase[]): void {
    for (const database of databases) database.goodUpTo = port.durableTicket;
    this.#end(port, databases);
  }

  #end(port: JournalPort, databases: readonly OpenDatabase[]): void {
    this.#options.feedOf(port)?.detach();
    for (const database of databases) database.journal = null;
    this.#options.executor.detach(port);
  }

  #through(port: JournalPort): OpenDatabase[] {
    return this.#options.executor.namespaces.all().filter((database) => database.journal === port);
  }
}
