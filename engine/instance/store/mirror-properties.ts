import type { SharedProperties } from '../../api/database-properties.ts';
import { conditionLine } from '../../api/conditions.ts';
import { GemelError } from '../../api/errors.ts';
import { isLimited, sharedOf } from '../../database/index.ts';
import { isSame, propertiesText, synchronised } from '../../mirror/index.ts';
import type { OpenDatabase } from '../executor/index.ts';
import type { Log } from '../messages.ts';
import type { Feed } from './feed.ts';

/** How a member stands to the properties that its mirror has. */
export interface PropertyStanding {
  /** It is primary, or connected to it. */
  readonly isFollowing: boolean;
  readonly isAsync: boolean;
}

export interface MirrorPropertiesOptions {
  /** Those here that belong to the mirror. */
  readonly databases: () => readonly OpenDatabase[];
  /** What the mirror has of a database; undefined: it is not known, or the copy is none of it. */
  readonly theirs: (database: OpenDatabase) => SharedProperties | undefined;
  /** What writes its file, when it is fed. */
  readonly feedOf: (database: OpenDatabase) => Pick<Feed, 'setProperties'>;
  /** Its file is written to elsewhere for a while. */
  readonly isBusy: (database: OpenDatabase) => boolean;
  readonly isMounted: (database: OpenDatabase) => boolean;
  readonly log: Log;
}

/**
 * Keeps the properties of mirrored databases here to those of the mirror, while the member follows it: at once where they change, and
 * when it is connected again where they have changed meanwhile, here or there.
 */
export class MirrorProperties {
  readonly #options: MirrorPropertiesOptions;
  #standing: PropertyStanding = { isFollowing: false, isAsync: false };
  /** What was made of a database last, or tried in vain. */
  #handled = new WeakMap<OpenDatabase, SharedProperties>();
  readonly #going = new Map<OpenDatabase, Promise<void>>();

  constructor(options: MirrorPropertiesOptions) {
    this.#options = options;
  }

  /** Something may have changed: the mirror, how this member stands to it, or what it has. Cheap when nothing has. */
  lookAgain(standing = this.#standing): void {
    const before = this.#standing;
    if (standing.isFollowing !== before.isFollowing || standing.isAsync !== before.isAsync) this.#handled = new WeakMap();
    this.#standing = standing;
    if (!standing.isFollowing) return;
    for (const database of this.#options.databases()) this.#look(database);
  }

  #look(database: OpenDatabase): void {
    const { theirs, isBusy } = this.#options;
    const wanted = theirs(database);
    if (wanted === undefined || this.#handled.get(database) === wanted || this.#going.has(database) || isBusy(database)) return;
    this.#handled.set(database, wanted);
    const { properties } = database.nodes;
    const after = synchronised(properties, wanted, this.#standing.isAsync);
    if (isSame(properties, after) && !isLimited(properties)) return;
    const going = this.#synchronise(database, after).finally(() => {
      this.#going.delete(database);
      this.lookAgain();
    });
    this.#going.set(database, going);
  }

  async #synchronise(database: OpenDatabase, after: SharedProperties): Promise<void> {
    const { log } = this.#options;
    const { name } = database;
    const before = sharedOf(database.nodes.properties);
    try {
      await this.set(database, after, false);
      if (isSame(before, after)) return;
      const text = `The properties of the database ${name} are those that its mirror keeps it to: ${propertiesText(after, before)}.`;
      log(1, conditionLine('PROPERTIES_SYNCHRONISED', text, { database: name }));
    } catch (error) {
      if (!(error instanceof GemelError)) throw error;
      const text = `The properties of the database ${name} cannot be made those of its mirror: ${error.message}`;
      log(2, conditionLine('PROPERTIES_NOT_SYNCHRONISED', text, { database: name }));
    }
  }

  /**
   * Durable when it resolves.
   * @param isOwnLimit it holds to its own maximum size, which is smaller than its mirror's
   * @throws GemelError as `Feed.setProperties`
   */
  async set(database: OpenDatabase, shared: SharedProperties, isOwnLimit: boolean): Promise<void> {
    const { feedOf, isMounted } = this.#options;
    await feedOf(database).setProperties(database, { shared, isLimited: isOwnLimit });
    if (!isMounted(database)) return;
    database.release();
    database.nodes.refresh();
  }

  /** The same on the primary. @param publish makes it known to the mirror, with that very object: what comes of that is not to be done twice */
  setForAll(database: OpenDatabase, shared: SharedProperties, publish: () => void): Promise<void> {
    this.#handled.set(database, shared);
    publish();
    return this.set(database, shared, false);
  }

  /** Resolves when what was begun is over. */
  async settled(): Promise<void> {
    while (this.#going.size > 0) await Promise.all(this.#going.values());
  }
}
