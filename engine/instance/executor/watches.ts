import type { Key } from '../../globals/index.ts';
import type { Watch } from '../session.ts';
import type { OpenDatabase } from './open-database.ts';

class NodeWatch implements Watch {
  dirty = false;
  readonly #release: (watch: NodeWatch) => void;

  constructor(release: (watch: NodeWatch) => void) {
    this.#release = release;
  }

  release(): void {
    this.#release(this);
  }
}

/** Nodes that somebody watches. Empty almost always, which is all that an update looks at then. */
export class Watches {
  #count = 0;
  readonly #nodes = new Map<OpenDatabase, Map<Key, Set<NodeWatch>>>();

  add(database: OpenDatabase, key: Key): Watch {
    const ofDatabase = this.#nodes.get(database) ?? new Map<Key, Set<NodeWatch>>();
    this.#nodes.set(database, ofDatabase);
    const ofKey = ofDatabase.get(key) ?? new Set<NodeWatch>();
    ofDatabase.set(key, ofKey);
    const watch = new NodeWatch((w) => {
      if (!ofKey.delete(w)) return;
      this.#count -= 1;
      if (ofKey.size === 0) ofDatabase.delete(key);
    });
    ofKey.add(watch);
    this.#count += 1;
    return watch;
  }

  touch(database: OpenDatabase, key: Key): void {
    if (this.#count === 0) return;
    const ofKey = this.#nodes.get(database)?.get(key);
    if (ofKey !== undefined) for (const watch of ofKey) watch.dirty = true;
  }
}
