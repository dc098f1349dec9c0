import { withProperties, type DatabaseMeta, type PropertyChange } from '../../database/index.ts';
import type { Bytes, Key } from '../../globals/index.ts';
import { assert } from '../../io/assert.ts';
import { fileError } from '../../io/file-errors.ts';
import type { TargetWriter } from '../../journal/index.ts';
import type { SimProcess } from '../io/index.ts';
import { damaged, type MemoryFile } from './memory-file.ts';

/** Log bytes that a node takes, about. */
const nodeBytes = 200;

type Progress = Parameters<TargetWriter['commit']>[0];

/** Writes a database in memory as `DatabaseWriter` does one on the disk. */
export class MemoryWriter implements TargetWriter {
  readonly #file: MemoryFile;
  readonly #process: SimProcess;
  #batch: Map<Key, Bytes | null> | null = null;
  #safePosition: DatabaseMeta['position'] = null;

  constructor(file: MemoryFile, process: SimProcess) {
    this.#file = file;
    this.#process = process;
    this.checkpointWal();
  }

  get meta(): DatabaseMeta {
    return this.#file.version.meta;
  }

  get position(): DatabaseMeta['position'] {
    return this.meta.position;
  }

  get openStart(): DatabaseMeta['openStart'] {
    return this.meta.openStart;
  }

  get safePosition(): DatabaseMeta['position'] {
    return this.#safePosition;
  }

  begin(): void {
    assert(this.#batch === null, 'one batch at a time');
    if (this.#file.isDamaged) throw damaged(this.#file.path);
    this.#batch = new Map();
  }

  upsert(key: Key, value: Bytes): void {
    this.#open.set(key, value);
  }

  remove(key: Key): void {
    this.#open.set(key, null);
  }

  upsertFrom(bytes: Buffer, keyAt: number, keyLength: number, valueAt: number, valueLength: number): void {
    this.upsert(bytes.latin1Slice(keyAt, keyAt + keyLength), bytes.latin1Slice(valueAt, valueAt + valueLength));
  }

  removeFrom(bytes: Buffer, keyAt: number, keyLength: number): void {
    this.remove(bytes.latin1Slice(keyAt, keyAt + keyLength));
  }

  get #open(): Map<Key, Bytes | null> {
    assert(this.#batch !== null, 'an update belongs to a batch');
    return this.#batch;
  }

  commit(progress: Progress): { walBytes: number } {
    const changes = this.#open;
    this.#batch = null;
    const { drive } = this.#process.host;
    if (!this.#process.operation()) return { walBytes: 0 };
    this.#process.spend(drive.duration('write', this.#process.now));
    this.#check('write');
    this.#file.commit(changes, { ...this.meta, ...progress });
    return { walBytes: (1 + changes.size) * nodeBytes };
  }

  rollback(): void {
    this.#batch = null;
  }

  setProperties(change: PropertyChange): void {
    assert(this.#batch === null, 'properties are changed between batches');
    if (!this.#process.operation()) return;
    this.#check('write');
    this.#file.commit(new Map(), withProperties(this.meta, change));
    this.#file.checkpoint();
  }

  keepLimit(): void {
    // There is none: databases in memory have no size.
  }

  checkpointWal(): { complete: boolean } {
    assert(this.#batch === null, 'a checkpoint stands between batches');
    if (!this.#process.operation()) return { complete: false };
    this.#process.spend(this.#process.host.drive.duration('sync', this.#process.now));
    this.#check('sync');
    this.#file.checkpoint();
    this.#safePosition = this.position;
    return { complete: true };
  }

  #check(on: 'write' | 'sync'): void {
    const effect = this.#process.host.drive.fault(on, this.#file.path);
    if (effect === 'ENOSPC' || effect === 'EIO')
      throw fileError({ code: effect, message: '' }, on === 'write' ? 'update' : 'checkpoint', this.#file.path);
    // SQLite finds a write that did not come through when it reads the page again.
    if (effect !== null) this.#file.damage();
  }

  close(): void {
    this.rollback();
    this.checkpointWal();
  }
}
