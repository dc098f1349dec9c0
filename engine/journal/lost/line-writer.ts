import type { Files, OpenFile } from '../../io/files.ts';

const pieceBytes = 1024 * 1024;

/** Writes a file of JSON lines. */
export class LineWriter {
  readonly #files: Files;
  readonly #file: OpenFile;
  #waiting: Buffer[] = [];
  #waitingBytes = 0;
  #at = 0;

  /** An older file of that name, left by an attempt that was not finished, goes. */
  constructor(files: Files, path: string) {
    this.#files = files;
    files.remove(path);
    this.#file = files.open(path, 'create');
  }

  add(value: unknown): void {
    const line = Buffer.from(`${JSON.stringify(value)}\n`, 'utf8');
    this.#waiting.push(line);
    this.#waitingBytes += line.length;
    if (this.#waitingBytes >= pieceBytes) this.#write();
  }

  #write(): void {
    const bytes = Buffer.concat(this.#waiting);
    this.#file.write(bytes, 0, bytes.length, this.#at);
    this.#at += bytes.length;
    this.#waiting = [];
    this.#waitingBytes = 0;
  }

  /** Its content is durable when it returns. */
  finish(): void {
    this.#write();
    this.#file.sync();
    this.#file.close();
  }

  abandon(): void {
    this.#file.close();
    this.#files.remove(this.#file.path);
  }
}
