import { Worker } from 'node:worker_threads';
import type { CompressionType } from '../api/compression.ts';

/** To the thread. */
export interface ToCompress {
  readonly type: CompressionType;
  readonly bytes: Uint8Array;
}

type Done = (compressed: Buffer | null) => void;

/** A thread that compresses one thing after the other with what processor time others leave. It keeps no process alive. */
export class AsideCompressor {
  #worker: Worker | null = null;
  #waiting: Done[] = [];

  /** Calls back with null when it could not be done. */
  compress(type: CompressionType, bytes: Uint8Array, done: Done): void {
    this.#worker ??= this.#start();
    this.#waiting.push(done);
    this.#worker.ref();
    this.#worker.postMessage({ type, bytes } satisfies ToCompress);
  }

  #start(): Worker {
    const worker = new Worker(new URL('./aside-compressor-thread.ts', import.meta.url));
    worker.unref();
    worker.on('message', (compressed: Uint8Array | null) => {
      const done = this.#waiting.shift();
      if (this.#waiting.length === 0) worker.unref();
      done?.(compressed === null ? null : Buffer.from(compressed.buffer, compressed.byteOffset, compressed.byteLength));
    });
    // No memory for it: what waits goes uncompressed, and the next one tries a thread of its own.
    worker.on('error', () => {
      this.#worker = null;
      for (const done of this.#waiting.splice(0)) done(null);
    });
    return worker;
  }
}
