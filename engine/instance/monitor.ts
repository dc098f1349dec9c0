import { monitorEventLoopDelay } from 'node:perf_hooks';
import { Topic } from '../api/rpc/index.ts';
import type { InstanceStatus, Metrics, MonitorSnapshot } from '../api/status.ts';
import type { Clock } from '../io/index.ts';
import type { JournalWriter } from '../journal/index.ts';
import type { MirrorService } from './member/index.ts';
import type { Store } from './store/index.ts';

const EVERY_MS = 1000;
/** Changes that come together are told together. */
const SOON_MS = 30;

export interface MonitorOptions {
  readonly clock: Clock;
  readonly store: Store;
  readonly mirror: MirrorService;
  readonly status: () => InstanceStatus;
  readonly clients: () => number;
}

/** The live picture of an instance: pushed once a second and at each change. */
export class Monitor {
  readonly topic: Topic<MonitorSnapshot>;
  readonly #options: MonitorOptions;
  readonly #delay: ReturnType<typeof monitorEventLoopDelay>;
  #metrics: Metrics | null = null;
  #updates = 0;
  #bytes = 0;
  #at: number;
  #timer: { cancel(): void } | null = null;
  #soon: { cancel(): void } | null = null;

  constructor(options: MonitorOptions) {
    this.#options = options;
    this.#at = options.clock.monotonicMs();
    this.#delay = monitorEventLoopDelay({ resolution: 5 });
    this.#delay.enable();
    this.topic = new Topic();
    this.topic.publish(this.snapshot());
    this.#tick();
  }

  get metrics(): Metrics | null {
    return this.#metrics;
  }

  /** Something changed that is worth telling before the next second. */
  changed(): void {
    this.#soon ??= this.#options.clock.timer(SOON_MS, () => {
      this.#soon = null;
      this.topic.publish(this.snapshot());
    });
  }

  close(): void {
    this.#timer?.cancel();
    this.#soon?.cancel();
    this.#delay.disable();
  }

  #tick(): void {
    this.#timer = this.#options.clock.timer(EVERY_MS, () => {
      this.#metrics = this.#measure();
      this.topic.publish(this.snapshot());
      this.#tick();
    });
  }

  #writers(): JournalWriter[] {
    const { store, mirror } = this.#options;
    return [mirror.mirror?.journal.writer, store.localWriter].filter((w) => w !== null && w !== undefined);
  }

  /** Written by the journals' writers since each of them began. */
  get journalBytes(): number {
    return this.#writers().reduce((sum, writer) => sum + writer.sealedBytes, 0);
  }

  #measure(): Metrics {
    const { clock, store, clients } = this.#options;
    const now = clock.monotonicMs();
    const seconds = (now - this.#at) / 1000;
    this.#at = now;
    const { updates } = store.executor;
    const perS = (updates - this.#updates) / seconds;
    this.#updates = updates;
    const writers = this.#writers();
    const bytes = this.journalBytes;
    const journalKBs = Math.max(0, bytes - this.#bytes) / 1024 / seconds;
    this.#bytes = bytes;
    const latency = latencies(writers);
    const stall = Math.max(0, this.#delay.max / 1e6 - 5);
    this.#delay.reset();
    return {
      at: clock.wallMs(),
      updatesPerS: Math.round(perS),
      journalKBs: Math.round(journalKBs),
      commitLatencyMs: latency,
      executorStallMsMax: Math.round(stall * 10) / 10,
      clients: clients(),
      memoryMB: Math.round(process.memoryUsage.rss() / 1024 / 1024),
    };
  }

  /** The picture of this moment; its figures are those of the last second. */
  snapshot(): MonitorSnapshot {
    const { clock, mirror, status } = this.#options;
    const [view, ...others] = mirror.places.flatMap((place) => place.view ?? []);
    return {
      at: clock.wallMs(),
      instance: status(),
      mirror: view?.status() ?? null,
      ...(others.length === 0 ? {} : { otherMirrors: others.map((each) => each.status()) }),
      lag: view?.lag() ?? [],
      metrics: this.#metrics,
      readiness: view?.readiness() ?? [],
    };
  }
}

/** Of the journal with the most commits in the interval just over. */
function latencies(writers: readonly JournalWriter[]): Metrics['commitLatencyMs'] {
  const busiest = [...writers].sort((a, b) => b.latency.count - a.latency.count)[0]?.latency;
  const view =
    busiest === undefined || busiest.count === 0
      ? null
      : { p50: busiest.quantile(0.5) ?? 0, p99: busiest.quantile(0.99) ?? 0, max: busiest.max };
  for (const { latency } of writers) latency.reset();
  return view;
}
