import type { DatabaseMeta, NodeFile } from '../../database/index.ts';
import type { Bytes, Key, Node } from '../../globals/index.ts';
import { damaged, type MemoryFile, type Version } from './memory-file.ts';

/** What a page of a database file takes. */
const pageBytes = 4096;

/** Reads a database in memory as `DatabaseReader` does one on the disk. */
export class MemoryReader implements NodeFile {
  readonly #file: MemoryFile;
  #view: Version | null = null;

  constructor(file: MemoryFile) {
    this.#file = file;
  }

  get #version(): Version {
    if (this.#file.isDamaged) throw damaged(this.#file.path);
    return this.#view ?? this.#file.version;
  }

  get(key: Key): Bytes | undefined {
    return this.#version.nodes.get(key);
  }

  next(from: Key, end: Key, inclusive: boolean): Node | undefined {
    const version = this.#version;
    const key = version.keys[version.from(inclusive ? from : `${from}\0`)];
    return key !== undefined && key < end ? { key, value: version.nodes.get(key) ?? '' } : undefined;
  }

  previous(from: Key, start: Key): Node | undefined {
    const version = this.#version;
    const key = version.keys[version.from(from) - 1];
    return key !== undefined && key >= start ? { key, value: version.nodes.get(key) ?? '' } : undefined;
  }

  keys(from: Key, end: Key, count: number, direction: 1 | -1): Key[] {
    const version = this.#version;
    const found = version.keys.slice(version.from(from), version.from(end));
    return direction === 1 ? found.slice(0, count) : found.reverse().slice(0, count);
  }

  meta(): DatabaseMeta {
    return this.#version.meta;
  }

  fileBytes(): number {
    return pageBytes * (2 + Math.ceil(this.#version.nodes.size / 32));
  }

  usedBytes(): number {
    return this.fileBytes();
  }

  hold(): void {
    if (this.#view !== null) return;
    this.#view = this.#version;
    this.#view.readers += 1;
  }

  release(): void {
    if (this.#view === null) return;
    this.#view.readers -= 1;
    this.#view = null;
  }

  get held(): boolean {
    return this.#view !== null;
  }

  close(): void {
    this.release();
  }
}
