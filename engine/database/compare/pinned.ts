import { Worker } from 'node:worker_threads';
import { GemelError, type ErrorCode } from '../../api/errors.ts';
import type { Position } from '../../api/status.ts';
import type { Key } from '../../globals/index.ts';
import type { Leaf, NodePage } from './pinned-file.ts';

export type PinnedAsk =
  | { readonly what: 'pin' | 'unpin' }
  | { readonly what: 'leaves'; readonly from: Key; readonly nodes: number; readonly count: number }
  | { readonly what: 'digests'; readonly from: Key; readonly ends: readonly (Key | null)[] }
  | { readonly what: 'nodes'; readonly from: Key; readonly to: Key | null };

export interface PinnedAnswer {
  readonly id: number;
  readonly result: unknown;
  readonly error: { readonly code: ErrorCode; readonly what: string; readonly safe: string; readonly todo: string } | null;
}

interface Waiting {
  resolve(result: unknown): void;
  reject(error: GemelError): void;
}

/** Views of a database file, read by a thread of its own (see `PinnedFile`). All rejections are GemelErrors. */
export class PinnedDatabase {
  readonly #worker: Worker;
  readonly #directory: string;
  readonly #waiting = new Map<number, Waiting>();
  #next = 1;
  #failure: GemelError | null = null;

  constructor(directory: string) {
    this.#directory = directory;
    this.#worker = new Worker(new URL('./pinned-thread.ts', import.meta.url), { workerData: { directory } });
    this.#worker.on('message', ({ id, result, error }: PinnedAnswer) => {
      const waiting = this.#waiting.get(id);
      this.#waiting.delete(id);
      if (error === null) waiting?.resolve(result);
      else waiting?.reject(new GemelError(error.code, error.what, error.safe, error.todo));
    });
    this.#worker.on('error', (error) => this.#end(error.message));
    this.#worker.on('exit', () => this.#end('its thread has ended'));
  }

  /** From now on all is read from the newest commit. @returns the position it contains */
  async pin(): Promise<Position | null> {
    return (await this.#ask({ what: 'pin' })) as Position | null;
  }

  async unpin(): Promise<void> {
    await this.#ask({ what: 'unpin' });
  }

  async leaves(from: Key, nodes: number, count: number): Promise<Leaf[]> {
    return (await this.#ask({ what: 'leaves', from, nodes, count })) as Leaf[];
  }

  async digests(from: Key, ends: readonly (Key | null)[]): Promise<Leaf[]> {
    return (await this.#ask({ what: 'digests', from, ends })) as Leaf[];
  }

  async nodes(from: Key, to: Key | null): Promise<NodePage> {
    return (await this.#ask({ what: 'nodes', from, to })) as NodePage;
  }

  async close(): Promise<void> {
    await this.#worker.terminate();
  }

  #ask(ask: PinnedAsk): Promise<unknown> {
    return new Promise((resolve, reject) => {
      if (this.#failure !== null) return reject(this.#failure);
      const id = this.#next;
      this.#next += 1;
      this.#waiting.set(id, { resolve, reject });
      this.#worker.postMessage({ id, ask });
    });
  }

  #end(why: string): void {
    this.#failure ??= new GemelError(
      'DATABASE',
      `The database in ${this.#directory} is not read any more: ${why}.`,
      'It was left as it is.',
      'Try again.',
    );
    for (const { reject } of this.#waiting.values()) reject(this.#failure);
    this.#waiting.clear();
  }
}
