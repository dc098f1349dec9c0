import {
  closeSync,
  existsSync,
  fdatasyncSync,
  fstatSync,
  fsyncSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  readSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs';
import { dirname } from 'node:path';
import { fileError } from './file-errors.ts';

/** An open file. Every error is a GemelError of `fileError`. */
export interface OpenFile {
  readonly path: string;
  /** Reads up to `length` bytes at `position` of the file into `buffer` at `offset`; fewer only at the end of the file. */
  read(buffer: Uint8Array, offset: number, length: number, position: number): number;
  /** Writes all of it. */
  write(buffer: Uint8Array, offset: number, length: number, position: number): void;
  /** Bytes in the file. */
  size(): number;
  truncate(length: number): void;
  /** Makes the data durable, and of the metadata what is needed to read it. */
  datasync(): void;
  sync(): void;
  close(): void;
}

/** 'read': must exist. 'update': must exist, read and write. 'create': must not exist, read and write. */
export type OpenMode = 'read' | 'update' | 'create';

/** The part of a file system that the engine uses, synchronous. Every error is a GemelError of `fileError`. */
export interface Files {
  open(path: string, mode: OpenMode): OpenFile;
  exists(path: string): boolean;
  /** Names in a directory, sorted; none when it does not exist. */
  list(directory: string): string[];
  /** The directory with those above it. */
  makeDirectory(path: string): void;
  rename(from: string, to: string): void;
  /** A file that is not there is fine. */
  remove(path: string): void;
  /** Bytes in the file. */
  size(path: string): number;
  /** The whole file. */
  read(path: string): Buffer;
  /** Appends text to a file, making it when needed; not synced. */
  appendText(path: string, text: string): void;
  /** Makes creations, renames and removals in the directory durable. */
  syncDirectory(directory: string): void;
  /** Replaces or creates the file durably: after a crash it has all of the old or all of the new content. */
  atomicWrite(path: string, bytes: Uint8Array): void;
  /** A durable copy of the first `length` bytes (all when left out), replacing what is there. */
  copy(from: string, to: string, length?: number): void;
}

const copyPiece = 1024 * 1024;
const flags: Record<OpenMode, string> = { read: 'r', update: 'r+', create: 'wx+' };

/** Runs `act`, turning what the system throws into a GemelError. */
function guarded<T>(doing: string, path: string, act: () => T): T {
  try {
    return act();
  } catch (error) {
    throw fileError(error, doing, path);
  }
}

class RealFile implements OpenFile {
  readonly path: string;
  readonly #fd: number;

  constructor(path: string, fd: number) {
    this.path = path;
    this.#fd = fd;
  }

  read(buffer: Uint8Array, offset: number, length: number, position: number): number {
    return guarded('read', this.path, () => {
      let done = 0;
      while (done < length) {
        const got = readSync(this.#fd, buffer, offset + done, length - done, position + done);
        if (got === 0) break;
        done += got;
      }
      return done;
    });
  }

  write(buffer: Uint8Array, offset: number, length: number, position: number): void {
    guarded('write', this.path, () => {
      let done = 0;
      while (done < length) done += writeSync(this.#fd, buffer, offset + done, length - done, position + done);
    });
  }

  size(): number {
    return guarded('look at', this.path, () => fstatSync(this.#fd).size);
  }

  truncate(length: number): void {
    guarded('cut', this.path, () => ftruncateSync(this.#fd, length));
  }

  datasync(): void {
    guarded('sync', this.path, () => fdatasyncSync(this.#fd));
  }

  sync(): void {
    guarded('sync', this.path, () => fsyncSync(this.#fd));
  }

  close(): void {
    guarded('close', this.path, () => closeSync(this.#fd));
  }
}

function openReal(path: string, mode: OpenMode | 'replace'): RealFile {
  return guarded(
    mode === 'create' ? 'create' : 'open',
    path,
    () => new RealFile(path, openSync(path, mode === 'replace' ? 'w+' : flags[mode], 0o600)),
  );
}

function syncDirectory(directory: string): void {
  // A directory cannot be opened on Windows; its file system orders renames itself.
  if (process.platform === 'win32') return;
  guarded('sync', directory, () => {
    const fd = openSync(directory, 'r');
    try {
      fsyncSync(fd);
    } finally {
      closeSync(fd);
    }
  });
}

function withTemporary(path: string, fill: (file: RealFile) => void): void {
  const temporary = `${path}.new`;
  const file = openReal(temporary, 'replace');
  try {
    fill(file);
    file.sync();
  } finally {
    file.close();
  }
  realFiles.rename(temporary, path);
  syncDirectory(dirname(path));
}

function copyInto(source: OpenFile, target: OpenFile, length: number): void {
  const piece = Buffer.allocUnsafe(Math.min(copyPiece, Math.max(length, 1)));
  for (let at = 0; at < length;) {
    const got = source.read(piece, 0, Math.min(piece.length, length - at), at);
    if (got === 0) return;
    target.write(piece, 0, got, at);
    at += got;
  }
}

export const realFiles: Files = {
  open: (path, mode) => openReal(path, mode),
  exists: (path) => existsSync(path),
  list: (directory) => guarded('list', directory, () => (existsSync(directory) ? readdirSync(directory).sort() : [])),
  makeDirectory: (path) => {
    guarded('create', path, () => mkdirSync(path, { recursive: true, mode: 0o700 }));
  },
  rename: (from, to) => guarded('rename', from, () => renameSync(from, to)),
  remove: (path) => guarded('remove', path, () => rmSync(path, { force: true })),
  size: (path) => guarded('look at', path, () => statSync(path).size),
  read: (path) => {
    const file = openReal(path, 'read');
    try {
      const bytes = Buffer.allocUnsafe(file.size());
      return bytes.subarray(0, file.read(bytes, 0, bytes.length, 0));
    } finally {
      file.close();
    }
  },
  appendText: (path, text) => {
    const fd = guarded('open', path, () => openSync(path, 'a', 0o600));
    try {
      guarded('write', path, () => writeSync(fd, text));
    } finally {
      closeSync(fd);
    }
  },
  syncDirectory,
  atomicWrite: (path, bytes) => withTemporary(path, (file) => file.write(bytes, 0, bytes.length, 0)),
  copy: (from, to, length) => {
    const source = openReal(from, 'read');
    try {
      withTemporary(to, (target) => copyInto(source, target, length ?? source.size()));
    } finally {
      source.close();
    }
  },
};
