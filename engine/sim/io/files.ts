import { dirname } from 'node:path';
import { fileError } from '../../io/file-errors.ts';
import type { Files, OpenFile, OpenMode } from '../../io/files.ts';
import type { DriveOperation, SimDrive } from './drive.ts';
import { Inode } from './inode.ts';
import type { SimProcess } from './process.ts';

function failure(code: string, doing: string, path: string): Error {
  return fileError({ code, message: code }, doing, path);
}

/** Files of a simulated drive as one process uses them. Times are spent by the process; after its end nothing is done any more. */
export class SimFiles implements Files {
  readonly #drive: SimDrive;
  readonly #process: SimProcess;

  constructor(drive: SimDrive, process: SimProcess) {
    this.#drive = drive;
    this.#process = process;
  }

  open(path: string, mode: OpenMode): OpenFile {
    return new SimFile(
      this.#drive,
      this.#process,
      path,
      mode === 'create' ? this.#create(path) : this.#need(path, 'open'),
      mode !== 'read',
    );
  }

  #need(path: string, doing: string): Inode {
    const inode = this.#drive.find(path);
    if (inode === undefined) throw failure('ENOENT', doing, path);
    return inode;
  }

  #create(path: string): Inode {
    if (!this.#process.operation()) return new Inode();
    if (this.#drive.find(path) !== undefined) throw failure('EEXIST', 'create', path);
    if (!this.#drive.isDirectory(dirname(path))) throw failure('ENOENT', 'create', path);
    check(this.#drive, 'write', path, 'create');
    return this.#drive.create(path);
  }

  exists(path: string): boolean {
    return this.#drive.find(path) !== undefined || this.#drive.isDirectory(path);
  }

  list(directory: string): string[] {
    return this.#drive.list(directory);
  }

  makeDirectory(path: string): void {
    if (this.#process.operation()) this.#drive.makeDirectory(path);
  }

  rename(from: string, to: string): void {
    if (!this.#process.operation()) return;
    this.#drive.rename(from, to, this.#need(from, 'rename'));
  }

  remove(path: string): void {
    if (this.#process.operation()) this.#drive.remove(path);
  }

  size(path: string): number {
    return this.#need(path, 'look at').length;
  }

  read(path: string): Buffer {
    check(this.#drive, 'read', path, 'read');
    return this.#need(path, 'open').all();
  }

  appendText(path: string, text: string): void {
    const inode = this.#drive.find(path) ?? this.#create(path);
    const file = new SimFile(this.#drive, this.#process, path, inode, true);
    const bytes = Buffer.from(text, 'utf8');
    file.write(bytes, 0, bytes.length, inode.length);
  }

  syncDirectory(directory: string): void {
    if (!this.#process.operation()) return;
    this.#process.spend(this.#drive.duration('sync', this.#process.now));
    check(this.#drive, 'sync', directory, 'sync');
    this.#drive.syncDirectory(directory);
  }

  atomicWrite(path: string, bytes: Uint8Array): void {
    this.#withTemporary(path, (file) => file.write(bytes, 0, bytes.length, 0));
  }

  copy(from: string, to: string, length?: number): void {
    const bytes = this.read(from);
    this.#withTemporary(to, (file) => file.write(bytes, 0, Math.min(length ?? bytes.length, bytes.length), 0));
  }

  #withTemporary(path: string, fill: (file: OpenFile) => void): void {
    const temporary = `${path}.new`;
    this.remove(temporary);
    const file = this.open(temporary, 'create');
    fill(file);
    file.sync();
    file.close();
    this.rename(temporary, path);
    this.syncDirectory(dirname(path));
  }
}

/** Throws what the drive has in store for the operation, but for writes that only seem to work. */
function check(drive: SimDrive, on: DriveOperation, path: string, doing: string): 'lost' | 'misdirected' | null {
  const effect = drive.fault(on, path);
  if (effect === 'EIO' || effect === 'ENOSPC') throw failure(effect, doing, path);
  return effect;
}

/** An open file of a simulated drive. */
export class SimFile implements OpenFile {
  readonly path: string;
  readonly #drive: SimDrive;
  readonly #process: SimProcess;
  readonly #inode: Inode;
  readonly #writes: boolean;

  constructor(drive: SimDrive, process: SimProcess, path: string, inode: Inode, writes: boolean) {
    this.#drive = drive;
    this.#process = process;
    this.path = path;
    this.#inode = inode;
    this.#writes = writes;
  }

  read(buffer: Uint8Array, offset: number, length: number, position: number): number {
    check(this.#drive, 'read', this.path, 'read');
    return this.#inode.read(buffer, offset, length, position);
  }

  write(buffer: Uint8Array, offset: number, length: number, position: number): void {
    if (this.#begin()) this.put(buffer.subarray(offset, offset + length), position, (ms) => this.#process.spend(ms));
  }

  /** As `write`, by whoever lets the time pass himself. */
  put(bytes: Uint8Array, position: number, spend: (ms: number) => void): void {
    spend(this.#drive.duration('write', this.#process.now));
    const effect = this.#drive.fault('write', this.path);
    switch (effect) {
      case null:
        return this.#inode.write(position, bytes);
      case 'lost':
        return;
      case 'misdirected':
        return this.#inode.write(Math.floor(position / 2), bytes);
      case 'ENOSPC': {
        const room = Math.max(0, this.#inode.length - position);
        if (bytes.length <= room) return this.#inode.write(position, bytes);
        this.#inode.write(position, bytes.subarray(0, room));
        throw failure(effect, 'write', this.path);
      }
      case 'EIO':
        throw failure(effect, 'write', this.path);
    }
  }

  /** A change is about to be made. */
  #begin(): boolean {
    if (!this.#writes) throw failure('EBADF', 'write', this.path);
    return this.#process.operation();
  }

  size(): number {
    return this.#inode.length;
  }

  truncate(length: number): void {
    if (!this.#begin()) return;
    const effect = this.#drive.fault('write', this.path);
    if (effect === 'EIO' || (effect === 'ENOSPC' && length > this.#inode.length)) throw failure(effect, 'cut', this.path);
    this.#inode.truncate(length);
  }

  datasync(): void {
    this.sync();
  }

  sync(): void {
    if (!this.#process.operation()) return;
    this.#process.spend(this.#drive.duration('sync', this.#process.now));
    this.settle();
  }

  /** As `sync`, by whoever lets the time pass himself. */
  settle(): void {
    try {
      check(this.#drive, 'sync', this.path, 'sync');
    } catch (error) {
      this.#inode.forgetUnsynced();
      throw error;
    }
    this.#inode.sync();
  }

  close(): void {
    // Nothing is kept open.
  }
}
