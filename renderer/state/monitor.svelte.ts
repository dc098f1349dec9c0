import type { ConsoleClient, MirrorMonitor, WhatIfView } from '../../main/contract/index.ts';
import { SvelteMap } from 'svelte/reactivity';
import { appendPoint, livePoint, mergeSeries, WINDOW_MS, type Series } from './series.ts';

/** The Mirror Monitor of one mirror: its newest picture, and the figures of each member over the last minutes. Ended by `close`. */
export class MonitorState {
  readonly #client: ConsoleClient;
  readonly #ends: readonly (() => void)[];
  /** undefined: nothing received yet; null: no mirror of that name is known. */
  monitor: MirrorMonitor | null | undefined = $state.raw(undefined);
  /** null: nothing was answered yet. */
  whatIf: WhatIfView | null = $state.raw(null);
  /** By InstanceView id. */
  readonly series = new SvelteMap<string, Series>();

  constructor(client: ConsoleClient, mirror: string) {
    this.#client = client;
    this.#ends = [
      client.subscribe('mirror', { mirror }, (monitor) => this.#take(monitor)),
      client.subscribe('whatIf', { mirror }, (whatIf) => (this.whatIf = whatIf)),
    ];
  }

  close(): void {
    for (const end of this.#ends) end();
  }

  #take(monitor: MirrorMonitor | null): void {
    this.monitor = monitor;
    for (const { instance, snapshot } of monitor?.members ?? []) {
      const known = this.series.get(instance);
      if (known === undefined) {
        this.series.set(instance, []);
        void this.#loadHistory(instance);
      }
      if (snapshot?.metrics) this.series.set(instance, appendPoint(this.series.get(instance) ?? [], livePoint(snapshot.metrics)));
    }
  }

  /** What was recorded before the page was opened. Without it the charts begin now, which the page then shows. */
  async #loadHistory(instance: string): Promise<void> {
    const to = Date.now();
    try {
      const stored = await this.#client.call('history', { instance, from: to - WINDOW_MS, to, maxPoints: 600 });
      this.series.set(instance, mergeSeries(stored, this.series.get(instance) ?? []));
    } catch (error) {
      console.error(error);
    }
  }
}
