import { join } from 'node:path';
import { GemelError } from '../../api/errors.ts';
import { plainProperties } from '../../api/database-properties.ts';
import { sharedOf, type DatabaseMeta, type NewDatabase } from '../../database/index.ts';
import { lowerBound, type Bytes, type Key } from '../../globals/index.ts';
import { assert } from '../../io/assert.ts';
import type { DriveObject, SimDrive, SimRandom } from '../io/index.ts';

/** What a database file shows between two commits. Never changed while a reader holds it. */
export class Version {
  readonly nodes: Map<Key, Bytes>;
  readonly meta: DatabaseMeta;
  readers = 0;
  #keys: readonly Key[] | null = null;

  /** @param keys when they are known */
  constructor(nodes: Map<Key, Bytes>, meta: DatabaseMeta, keys: readonly Key[] | null = null) {
    this.nodes = nodes;
    this.meta = meta;
    this.#keys = keys;
  }

  /** In order. */
  get keys(): readonly Key[] {
    this.#keys ??= [...this.nodes.keys()].sort();
    return this.#keys;
  }

  /** The next one. */
  after(changes: Changes, meta: DatabaseMeta): Version {
    const isSameKeys = this.#keys !== null && [...changes].every(([key, value]) => this.nodes.has(key) === (value !== null));
    const nodes = this.readers > 0 ? new Map(this.nodes) : this.nodes;
    apply(nodes, changes);
    return new Version(nodes, meta, isSameKeys ? this.#keys : null);
  }

  /** Index of the first key at or after that one. */
  from(key: Key): number {
    return lowerBound(this.keys, key);
  }
}

/** null: the node goes away. */
export type Changes = ReadonlyMap<Key, Bytes | null>;

interface Commit {
  readonly changes: Changes;
  readonly meta: DatabaseMeta;
}

function apply(nodes: Map<Key, Bytes>, changes: Changes): void {
  for (const [key, value] of changes) {
    if (value === null) nodes.delete(key);
    else nodes.set(key, value);
  }
}

/**
 * A database file in memory. As a file with a write-ahead log that is synced at checkpoints alone: a commit is there at once
 * and survives its process; a power cut takes the last commits since the checkpoint away, all of some or of none.
 */
export class MemoryFile implements DriveObject {
  readonly path: string;
  isDamaged = false;
  #version: Version;
  #durable: Commit & { readonly nodes: Map<Key, Bytes> };
  #commits: Commit[] = [];

  constructor(path: string, meta: DatabaseMeta, nodes: ReadonlyMap<Key, Bytes> = new Map()) {
    this.path = path;
    this.#version = new Version(new Map(nodes), meta);
    this.#durable = { nodes: new Map(nodes), meta, changes: new Map() };
  }

  /** As of the newest commit. */
  get version(): Version {
    return this.#version;
  }

  /** Commits that no checkpoint has made safe. */
  get unsafe(): number {
    return this.#commits.length;
  }

  commit(changes: Changes, meta: DatabaseMeta): void {
    this.#version = this.#version.after(changes, meta);
    this.#commits.push({ changes, meta });
  }

  checkpoint(): void {
    this.#settle(this.#commits.length);
  }

  powerCut(random: SimRandom): void {
    this.#settle(random.below(this.#commits.length + 1));
    this.#version = new Version(new Map(this.#durable.nodes), this.#durable.meta);
  }

  #settle(count: number): void {
    const { nodes } = this.#durable;
    for (const { changes } of this.#commits.slice(0, count)) apply(nodes, changes);
    this.#durable = { nodes, meta: this.#commits[count - 1]?.meta ?? this.#durable.meta, changes: new Map() };
    this.#commits = [];
  }

  damage(): void {
    this.isDamaged = true;
  }

  copy(): MemoryFile {
    const copy = new MemoryFile(this.path, this.#version.meta, this.#version.nodes);
    copy.isDamaged = this.isDamaged;
    return copy;
  }
}

function pathIn(directory: string): string {
  return join(directory, 'GEMEL.DAT');
}

/** The database in a directory of a simulated drive. Throws NOT_FOUND, DAMAGED. */
export function memoryFile(drive: SimDrive, directory: string): MemoryFile {
  const file = drive.objects.get(pathIn(directory));
  if (file === undefined) throw new GemelError('NOT_FOUND', `There is no database in ${directory}.`);
  assert(file instanceof MemoryFile, 'databases of a simulated drive are in memory');
  if (file.isDamaged) throw damaged(file.path);
  return file;
}

/** Throws EXISTS. */
export function createMemoryDatabase(drive: SimDrive, directory: string, init: NewDatabase): void {
  const path = pathIn(directory);
  if (drive.objects.has(path)) throw new GemelError('EXISTS', `There is a database in ${directory} already.`);
  drive.makeDirectory(directory);
  const { guid, name, createdMs, mirror = null, extra = {}, journalId = null, position = null, openStart = null } = init;
  const shared = sharedOf({ ...plainProperties, ...init });
  drive.objects.set(path, new MemoryFile(path, { guid, name, createdMs, mirror, ...shared, extra, journalId, position, openStart }));
}

export function damaged(path: string): GemelError {
  return new GemelError('DAMAGED', `The database file ${path} is damaged.`, 'It was left as it is.');
}
