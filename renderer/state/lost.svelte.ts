import type { LostBytes, LostPage, LostReport } from '../../engine/api/lost.ts';
import type { ConsoleClient, Problem } from '../../main/contract/index.ts';
import { strings } from '../strings.ts';
import { toProblem } from './problem.ts';

export interface LostAddress {
  readonly mirror: string;
  /** InstanceView id */
  readonly instance: string;
  readonly report: string;
}

/** So many updates are shown at once. */
export const SHOWN = 100;

/** A report of lost transactions, shown a screen at a time: only the page of it that is looked at is kept. */
export class LostState {
  readonly #client: ConsoleClient;
  readonly #address: LostAddress;
  /** Where the pages begin that were gone through, the present one last. */
  #begins: readonly number[] = [];
  #isClosed = false;
  #page: LostPage | null = $state.raw(null);
  /** Index in the page of the first update that is shown. */
  #first = $state(0);
  problem: Problem | null = $state.raw(null);
  /** Updates exported so far; null: nothing is being exported. */
  exported: number | null = $state(null);

  constructor(client: ConsoleClient, address: LostAddress) {
    this.#client = client;
    this.#address = address;
    void this.#load([0], 'first');
  }

  get report(): LostReport | null {
    return this.#page?.report ?? null;
  }

  get updates(): LostPage['updates'] {
    return this.#page?.updates.slice(this.#first, this.#first + SHOWN) ?? [];
  }

  get hasPrevious(): boolean {
    return this.#first > 0 || (this.#page !== null && this.#begins.length > 1);
  }

  get hasNext(): boolean {
    return this.#page !== null && (this.#first + SHOWN < this.#page.updates.length || this.#page.next !== null);
  }

  async next(): Promise<void> {
    const page = this.#page;
    if (page === null) return;
    if (this.#first + SHOWN < page.updates.length) this.#first += SHOWN;
    else if (page.next !== null) await this.#load([...this.#begins, page.next], 'first');
  }

  async previous(): Promise<void> {
    if (this.#first > 0) this.#first -= SHOWN;
    else if (this.#begins.length > 1) await this.#load(this.#begins.slice(0, -1), 'last');
  }

  /** The whole report as JSON lines: the report, then each update. null: it could not be had, or is being had already. */
  async export(): Promise<Blob | null> {
    if (this.exported !== null) return null;
    this.exported = 0;
    const parts: string[] = [];
    try {
      for (let from: number | null = 0; from !== null && !this.#isClosed;) {
        const { report, updates, next }: LostPage = await this.#ask(from);
        parts.push(jsonLines([...(from === 0 ? [report] : []), ...updates]));
        this.exported += updates.length;
        from = next;
      }
      return this.#isClosed ? null : new Blob(parts, { type: 'application/x-ndjson' });
    } catch (error) {
      this.problem = toProblem(error);
      return null;
    } finally {
      this.exported = null;
    }
  }

  close(): void {
    this.#isClosed = true;
  }

  async #load(begins: readonly number[], show: 'first' | 'last'): Promise<void> {
    try {
      const page = await this.#ask(begins.at(-1) ?? 0);
      this.#begins = begins;
      this.#page = page;
      this.#first = show === 'first' ? 0 : Math.max(0, Math.floor((page.updates.length - 1) / SHOWN) * SHOWN);
      this.problem = null;
    } catch (error) {
      this.problem = toProblem(error);
    }
  }

  #ask(from: number): Promise<LostPage> {
    return this.#client.call('lost.page', { ...this.#address, from });
  }
}

function jsonLines(lines: readonly unknown[]): string {
  return lines.map((line) => `${JSON.stringify(line)}\n`).join('');
}

/** A value or a reference for people; what is no text is told as such. */
export function lostText(value: LostBytes): string {
  return typeof value === 'string' ? value.replaceAll(/[\p{Cc}]/gu, '\u00b7') : strings.lost.bytes(value.base64);
}
