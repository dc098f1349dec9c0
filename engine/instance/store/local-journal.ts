import path from 'node:path';
import { GemelError } from '../../api/errors.ts';
import { assert } from '../../io/assert.ts';
import type { Io } from '../../io/index.ts';
import { Journal, JournalWriter, type Position } from '../../journal/index.ts';
import type { InstancePaths } from '../directory.ts';
import type { Executor, JournalPort, OpenDatabase } from '../executor/index.ts';
import type { Log } from '../messages.ts';
import type { Feed } from './feed.ts';
import type { JournalWriting } from './journal-writing.ts';
import { InDoubt } from './in-doubt.ts';
import { openAtEnd } from './recover.ts';

export interface LocalJournalOptions extends JournalWriting {
  readonly io: Io;
  readonly paths: InstancePaths;
  readonly log: Log;
  /** Of the instance: it tells its journal from others. */
  readonly guid: string;
  readonly executor: Executor;
  readonly feed: Feed;
  /** Those that it feeds. */
  readonly databases: () => readonly OpenDatabase[];
  /** It can no longer be written. */
  readonly failed: (port: JournalPort, error: GemelError) => void;
}

/** The instance's own journal: what is not mirrored, and databases of a mirror that are updated here too. */
export class LocalJournal {
  readonly #options: LocalJournalOptions;
  #port: JournalPort | null = null;
  #journal: Journal | null = null;
  #writer: JournalWriter | null = null;
  #inDoubt: InDoubt | null = null;

  constructor(options: LocalJournalOptions) {
    this.#options = options;
  }

  get feed(): Feed {
    return this.#options.feed;
  }

  /** null: not open yet. */
  get journal(): Journal | null {
    return this.#journal;
  }

  get writer(): JournalWriter | null {
    return this.#writer;
  }

  /** Opens it and recovers: replay, then roll back what it holds open. */
  async open(): Promise<void> {
    const { io, paths, log, guid, feed, executor, databases, alternate } = this.#options;
    const journal = Journal.open({
      io,
      directory: paths.journal,
      journal: { kind: 'local', name: '', guid },
      member: guid,
      alternate,
      logs: [path.join(paths.mgr, 'journal.log')],
      warn: (error) => log(1, `journal.log could not be written: ${String(error)}`),
    });
    if (journal.torn !== null)
      log(
        1,
        `The last write to the local journal did not come through (${journal.torn.detail}); ${journal.torn.bytes} bytes behind its end were never durable and are dropped.`,
      );
    const end = journal.end.position;
    for (const database of databases()) await feed.add(database);
    await feed.drained(end);
    const found = openAtEnd(journal.files, databases(), end);
    const minor = (journal.lineage.at(-1)?.epoch.minor ?? 0) + 1;
    const { newDisk, fileBytesMax, failed } = this.#options;
    const writer = await JournalWriter.open({ io, journal, disk: newDisk(), epoch: { major: 1, minor, member: guid }, fileBytesMax });
    this.#writer = writer;
    this.#journal = journal;
    const port = executor.attach('local', writer);
    this.#port = port;
    writer.onError((error) => failed(port, error));
    executor.transactionsBegin(found.highest);
    for (const database of databases()) this.#bind(database);
    feed.attach(port, writer, null);
    executor.rollBackFound(port, found.open);
    if (found.open.length > 0) log(1, `${found.open.length} open transactions of the local journal were rolled back.`);
    this.#inDoubt = new InDoubt(executor, port, log, found.prepared);
  }

  #bind(database: OpenDatabase): void {
    if (this.#port === null) return;
    database.journal = this.#port;
    database.journalNumber = this.#port.writer.bind({ name: database.journalName, guid: database.guid });
  }

  /** Feeds a database from it, and has its updates recorded there. */
  async take(database: OpenDatabase): Promise<void> {
    await this.feed.add(database);
    this.#bind(database);
  }

  /** Everything that it holds is durable before it. Rejects with NOT_RUNNING while it is not open. */
  async settled(): Promise<Position> {
    return this.#open().settled();
  }

  /** Begins a new file. As `settled`. */
  async switch(reason: string): Promise<Position> {
    return this.#open().switch(reason);
  }

  #open(): JournalWriter {
    if (this.#writer === null) throw new GemelError('NOT_RUNNING', 'The local journal is not open.');
    return this.#writer;
  }

  /** Which it is, and its end. */
  place(): { journalId: string; position: Position } {
    assert(this.#writer !== null, 'the local journal is open as long as the instance works');
    return { journalId: this.#options.guid, position: this.#writer.end };
  }

  /** Transactions over mirrored and unmirrored data whose outcome only the mirror can say. */
  get inDoubt(): number {
    return this.#inDoubt?.count ?? 0;
  }

  /** The mirror's journal is settled up to the position: transactions over both journals end as it says, where it can. */
  decidePrepared(mirrorJournal: Journal, settled: Position): void {
    this.#inDoubt?.decide(mirrorJournal, settled);
  }
}
