import { conditionLine } from '../../api/conditions.ts';
import type { FreezeView } from '../../api/backup.ts';
import type { InstanceMethods, Parsed } from '../../api/contract.ts';
import { GemelError } from '../../api/errors.ts';
import { mounted, type BackupContext } from './context.ts';
import { holdDatabases, type HeldDatabases } from './holding.ts';

interface Frozen {
  readonly view: FreezeView;
  readonly held: HeldDatabases;
  readonly timer: { cancel(): void };
}

/** Database files that get no writes for a while, so that something else can make a snapshot of them. Updates go on in memory and in the journal. */
export class Freezer {
  readonly #context: BackupContext;
  #frozen: Frozen | null = null;
  #isBeginning = false;

  constructor(context: BackupContext) {
    this.#context = context;
  }

  /** Throws BUSYLOCK, NOT_FOUND. */
  async freeze({ databases: names, timeoutMs }: Parsed<InstanceMethods, 'db.freeze'>): Promise<FreezeView> {
    if (this.#frozen !== null || this.#isBeginning)
      throw new GemelError(
        'BUSYLOCK',
        'Databases of this instance are frozen already.',
        'Nothing was changed.',
        'Thaw them first: gemel db thaw.',
      );
    const { io, store, log } = this.#context;
    const databases =
      names.length === 0 ? store.executor.namespaces.all() : [...new Set(names.map((name) => mounted(name, this.#context)))];
    this.#isBeginning = true;
    try {
      const held = await holdDatabases(databases, true, this.#context);
      const view = { databases: databases.map(({ name }) => name), untilMs: io.clock.wallMs() + timeoutMs };
      const timer = io.clock.timer(timeoutMs, () => void this.#end('timeout'));
      this.#frozen = { view, held, timer };
      const text = `The files of ${view.databases.join(', ')} get no writes for ${timeoutMs / 1000} s at most. Updates go on in memory; when that is full they wait, which may cause a failover.`;
      log(1, conditionLine('DATABASES_FROZEN', text, { databases: view.databases.join(' '), timeoutMs }));
      return view;
    } finally {
      this.#isBeginning = false;
    }
  }

  /** Throws NOT_FOUND. */
  async thaw(): Promise<{ message: string; intact: boolean }> {
    const intact = await this.#end('thaw');
    if (intact === null)
      throw new GemelError(
        'NOT_FOUND',
        'No database is frozen: nothing was, or the time was over.',
        'Nothing was changed.',
        'A snapshot that was made after the end of the time (messages.log) may be of no use.',
      );
    return {
      intact,
      message: intact
        ? 'The database files get writes again. Nothing was written to them in between.'
        : 'The database files get writes again. They had some before: what was copied is of no use, see messages.log.',
    };
  }

  async #end(why: 'thaw' | 'timeout' | 'stop'): Promise<boolean | null> {
    const frozen = this.#frozen;
    if (frozen === null) return null;
    this.#frozen = null;
    frozen.timer.cancel();
    const isIntact = await frozen.held.release();
    const names = frozen.view.databases.join(' ');
    const { log } = this.#context;
    if (why === 'timeout')
      log(2, conditionLine('DATABASES_THAWED_LATE', 'The time was over before gemel db thaw was given.', { databases: names }));
    else log(1, conditionLine('DATABASES_THAWED', 'Database files get writes again.', { databases: names, by: why }));
    if (!isIntact)
      log(
        2,
        conditionLine('FREEZE_BROKEN', 'They were written to before that: a takeover or another operation did not wait.', {
          databases: names,
        }),
      );
    return isIntact;
  }

  /** The instance stops: nothing waits for a snapshot. */
  async close(): Promise<void> {
    await this.#end('stop');
  }
}
