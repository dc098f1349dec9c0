import { Worker } from 'node:worker_threads';
import type { Clock } from '../../io/index.ts';

/** What an administrator's code eats beyond this ends its thread, not the instance. */
const MEMORY_MB = 256;

export interface GuardedThreadOptions<In> {
  readonly url: URL;
  /** Plain data. */
  readonly workerData: unknown;
  readonly clock: Clock;
  readonly heard: (message: In) => void;
  /** It will answer no more. `how` goes on from the name of what it ran. Told once; never after `end`. */
  readonly failed: (how: string) => void;
}

/**
 * A thread of its own for an administrator's code: whatever that does, this thread goes on. It has so much memory, and is ended
 * when it takes longer than it may.
 */
export class GuardedThread<In, Out> {
  readonly #worker: Worker;
  readonly #options: GuardedThreadOptions<In>;
  #timer: { cancel(): void } | null = null;
  #ended = false;

  constructor(options: GuardedThreadOptions<In>) {
    const { url, workerData } = options;
    this.#options = options;
    this.#worker = new Worker(url, { workerData, resourceLimits: { maxOldGenerationSizeMb: MEMORY_MB } });
    // An instance that ends does not wait for it.
    this.#worker.unref();
    this.#worker.on('message', (message: In) => {
      if (!this.#ended) options.heard(message);
    });
    this.#worker.on('error', (error) => this.#fail(`failed: ${error instanceof Error ? error.message : String(error)}`));
    this.#worker.on('exit', (code) => this.#fail(`ended its thread with code ${code} instead of answering.`));
  }

  post(message: Out): void {
    if (!this.#ended) this.#worker.postMessage(message);
  }

  /** From now on it has so long; null: as long as it likes. */
  limit(ms: number | null): void {
    this.#timer?.cancel();
    this.#timer = null;
    if (ms === null || this.#ended) return;
    this.#timer = this.#options.clock.timer(ms, () => this.#fail(`has not answered within ${ms / 1000} seconds and was ended.`));
  }

  /** Nobody wants to know any more. */
  end(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#timer?.cancel();
    void this.#worker.terminate();
  }

  #fail(how: string): void {
    if (this.#ended) return;
    this.end();
    this.#options.failed(how);
  }
}
