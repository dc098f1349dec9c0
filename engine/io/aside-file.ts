import { open, rm, type FileHandle } from 'node:fs/promises';
import { fileError } from './file-errors.ts';

/** A real file that is read or written beside everything else: nobody waits for its disk but who calls. Every rejection is a GemelError of `fileError`. */
export class AsideFile {
  readonly path: string;
  readonly #handle: FileHandle;

  private constructor(path: string, handle: FileHandle) {
    this.path = path;
    this.#handle = handle;
  }

  /** 'read': it must exist. 'write': it is made when it does not. */
  static async open(path: string, mode: 'read' | 'write'): Promise<AsideFile> {
    const open_ = async (): Promise<FileHandle> => {
      if (mode === 'read') return open(path, 'r');
      const made = await open(path, 'a', 0o600);
      await made.close();
      return open(path, 'r+');
    };
    return new AsideFile(path, await guarded('open', path, open_));
  }

  /** Up to `length` bytes from there; fewer only at the end of the file. */
  read(position: number, length: number): Promise<Buffer> {
    return guarded('read', this.path, async () => {
      const bytes = Buffer.allocUnsafe(length);
      let done = 0;
      while (done < length) {
        const { bytesRead } = await this.#handle.read(bytes, done, length - done, position + done);
        if (bytesRead === 0) break;
        done += bytesRead;
      }
      return bytes.subarray(0, done);
    });
  }

  /** All of it; the bytes may not be changed before it resolves. */
  write(bytes: Uint8Array, position: number): Promise<void> {
    return guarded('write', this.path, async () => {
      let done = 0;
      while (done < bytes.length) done += (await this.#handle.write(bytes, done, bytes.length - done, position + done)).bytesWritten;
    });
  }

  /** Bytes in it. */
  size(): Promise<number> {
    return guarded('look at', this.path, async () => (await this.#handle.stat()).size);
  }

  truncate(length: number): Promise<void> {
    return guarded('cut', this.path, () => this.#handle.truncate(length));
  }

  datasync(): Promise<void> {
    return guarded('sync', this.path, () => this.#handle.datasync());
  }

  close(): Promise<void> {
    return guarded('close', this.path, () => this.#handle.close());
  }
}

async function guarded<T>(doing: string, path: string, act: () => Promise<T>): Promise<T> {
  try {
    return await act();
  } catch (error) {
    throw fileError(error, doing, path);
  }
}

/** A file that is not there is fine; a large one takes long to go. */
export function removeAside(path: string): Promise<void> {
  return guarded('remove', path, () => rm(path, { force: true }));
}
