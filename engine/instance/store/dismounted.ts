import { GemelError } from '../../api/errors.ts';
import type { DatabaseView } from '../../api/status.ts';
import { moveTo } from '../../database/index.ts';
import type { JournalWriter, Position } from '../../journal/index.ts';
import type { Executor, OpenDatabase } from '../executor/index.ts';
import type { LocalJournal } from './local-journal.ts';
import type { Store } from './store.ts';
import { viewOf } from './views.ts';

/** A database that an operator has taken out of use. */
export interface DismountedDatabase {
  readonly view: DatabaseView;
  readonly guid: string;
  /** Of the journal that feeds it, as its file had it; null: none yet. */
  readonly position: Position | null;
  /** Who wrote the journal that its updates went to: while that one goes on nothing of it is for the database. null: it took none. */
  readonly writer: JournalWriter | null;
}

export interface DismountedOptions {
  readonly store: Pick<Store, 'local' | 'unmount'>;
  readonly executor: Executor;
  /** Mounts it; nothing feeds it yet. */
  readonly open: (name: string, directory: string) => OpenDatabase;
  readonly local: () => LocalJournal;
}

/** The databases that are not mounted because an operator wants it so. A start of the instance mounts them again. */
export class Dismounted {
  readonly #options: DismountedOptions;
  readonly #byName = new Map<string, DismountedDatabase>();

  constructor(options: DismountedOptions) {
    this.#options = options;
  }

  get(name: string): DismountedDatabase | undefined {
    return this.#byName.get(name.toUpperCase());
  }

  all(): DatabaseView[] {
    return [...this.#byName.values()].map(({ view }) => view);
  }

  /** It is mounted. */
  forget(name: string): void {
    this.#byName.delete(name.toUpperCase());
  }

  /** Those of a mirror. */
  of(mirror: string): DismountedDatabase[] {
    return [...this.#byName.values()].filter(({ view }) => view.mirror === mirror);
  }

  /** Lets go of a database that takes no updates, and that nothing feeds. @param writer that its updates went to; null: it took none */
  take(database: OpenDatabase, writer: JournalWriter | null): void {
    const { position } = database.nodes.meta();
    const view = { ...viewOf(database), mounted: false, readOnly: true };
    this.#options.store.unmount(database);
    this.#byName.set(database.name, { view, guid: database.guid, position, writer });
  }

  /** Lets a database that is updated through the local journal go. */
  async takeLocal(database: OpenDatabase): Promise<void> {
    const local = this.#options.local();
    const { writer } = local;
    await local.feed.drained(await local.settled());
    await local.feed.remove(database);
    database.journal = null;
    this.take(database, writer);
  }

  /**
   * Mounts it; nothing feeds it yet.
   * @param writer of the journal that its updates go to now: if it is the same as before, its file stands at the journal's durable end
   * @throws GemelError as opening does; then it stays dismounted
   */
  mount(name: string, directory: string, writer: JournalWriter | null): OpenDatabase {
    const before = this.get(name);
    const database = this.#options.open(name, directory);
    const { position } = database.nodes.meta();
    const isSame = before !== undefined && before.guid === database.guid && samePosition(before.position, position);
    if (writer === null || before?.writer !== writer || !isSame || writer.durable.file === 0) return database;
    try {
      moveTo(directory, writer.durable, null);
    } catch (error) {
      // It is read from where it stood.
      if (!(error instanceof GemelError)) throw error;
    }
    return database;
  }
}

function samePosition(a: Position | null, b: Position | null): boolean {
  return a?.file === b?.file && a?.offset === b?.offset;
}
