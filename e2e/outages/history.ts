import { until } from '../support/until.ts';
import { LOST, type Read, type Write } from './client-messages.ts';

/** What all clients of a mirror have seen, and whether it may have been so. */
export class History {
  /** Values of nodes whose write was acknowledged. */
  readonly #acknowledged = new Set<string>();
  /** Values of nodes whose write was answered with an error, with its code. */
  readonly #refused = new Map<string, string>();
  readonly #answeredAt: number[] = [];
  readonly #answers: [client: string, sentAt: number][] = [];
  readonly #register: Write[] = [];
  readonly #reads: Read[] = [];
  #lost = 0;

  add(client: string, { writes, reads }: { readonly writes: readonly Write[]; readonly reads: readonly Read[] }): void {
    for (const write of writes) this.#addWrite(client, write);
    this.#reads.push(...reads);
  }

  #addWrite(client: string, write: Write): void {
    const { number, outcome, answeredAt } = write;
    if (outcome === 'OK') {
      this.#answeredAt.push(answeredAt);
      this.#answers.push([client, write.sentAt]);
    }
    if (outcome === LOST) this.#lost += 1;
    if (number === null) {
      if (outcome === 'OK') this.#register.push(write);
      return;
    }
    const value = `of ${client}: ${number}`;
    if (outcome === 'OK') this.#acknowledged.add(value);
    else if (outcome !== LOST) this.#refused.set(value, outcome);
  }

  get acknowledged(): number {
    return this.#answeredAt.length;
  }

  get figures(): { acknowledged: number; refused: Record<string, number>; lost: number; reads: number } {
    const refused: Record<string, number> = {};
    for (const code of this.#refused.values()) refused[code] = (refused[code] ?? 0) + 1;
    return { acknowledged: this.acknowledged, refused, lost: this.#lost, reads: this.#reads.length };
  }

  /** Resolves when that many more writes are acknowledged. */
  async more(count: number, timeoutMs?: number): Promise<void> {
    const wanted = this.acknowledged + count;
    await until(
      `${count} more writes are acknowledged`,
      () => Promise.resolve(this.acknowledged >= wanted),
      () => this.figures,
      timeoutMs,
    );
  }

  /** Acknowledged writes that a member's client sent after that moment. */
  acknowledgedBy(member: string, after: number): number {
    return this.#answers.filter(([name, sentAt]) => name === member && sentAt > after).length;
  }

  /** The longest time without an acknowledgement, from the last one before that moment on. */
  longestPauseMs(from: number): number {
    const sorted = [...this.#answeredAt].sort((a, b) => a - b);
    return sorted.reduce((longest, at, n) => (at < from ? longest : Math.max(longest, at - (sorted[n - 1] ?? from))), 0);
  }

  /** Throws when something acknowledged is missing, or something refused is there. */
  checkNodes(member: string, nodes: ReadonlySet<string>): void {
    const missing = [...this.#acknowledged].filter((value) => !nodes.has(value));
    if (missing.length > 0)
      throw new Error(`acknowledged and not on ${member}: ${missing.length}, such as ${missing.slice(0, 5).join(', ')}`);
    const surprising = [...this.#refused].filter(([value]) => nodes.has(value));
    if (surprising.length > 0) throw new Error(`refused and yet on ${member}: ${JSON.stringify(surprising.slice(0, 5))}`);
  }

  /** Throws when a durable read, sent after a write of the register was acknowledged, showed an older one. */
  checkReads(): void {
    const written = [...this.#register].sort((a, b) => a.answeredAt - b.answeredAt);
    const reads = [...this.#reads].sort((a, b) => a.sentAt - b.sentAt);
    let at = 0;
    let newest = 0;
    for (const read of reads) {
      for (; at < written.length && (written[at]?.answeredAt ?? 0) < read.sentAt; at += 1)
        newest = Math.max(newest, written[at]?.sentAt ?? 0);
      if (read.value < newest)
        throw new Error(`a read sent at ${read.sentAt} showed ${read.value}, though ${newest} had been acknowledged`);
    }
  }
}

/** Milliseconds of the clock that clients use. */
export function now(): number {
  return Number(process.hrtime.bigint()) / 1e6;
}
