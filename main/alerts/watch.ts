import type { Clock } from '../../engine/io/clock.ts';
import type { Alert } from '../contract/index.ts';
import type { World } from '../hosts/index.ts';
import type { ActiveAlert, NewAlert } from '../store/index.ts';
import { findings, type Finding } from './rules.ts';

/** How long what is seen may be incomplete after a start: until then nothing that was the case is taken to be over. */
const SETTLING_MS = 10_000;
const LOOK_EVERY_MS = 250;

interface Alerts {
  active(): ActiveAlert[];
  add(alert: NewAlert): Alert;
  reword(id: number, words: Pick<Alert, 'severity' | 'text' | 'todo'>): void;
  end(id: number, at: number): void;
  acknowledge(id: number, at: number, who: string): void;
}

interface AlertWatchOptions {
  readonly store: Alerts;
  readonly clock: Clock;
  world(): World;
  /** The active alerts have changed. */
  changed(): void;
  /** A new one: for those who want to be told. */
  raised(alert: Alert): void;
}

/** Keeps the alerts in step with the world: raises what has lasted long enough, ends what is over. */
export class AlertWatch {
  readonly #options: AlertWatchOptions;
  readonly #active: Map<string, Alert>;
  /** Found, but not for long enough: since when. */
  readonly #pending = new Map<string, number>();
  readonly #settledAt: number;
  #timer: { cancel(): void } | undefined;
  #dirty = true;

  constructor(options: AlertWatchOptions) {
    this.#options = options;
    this.#active = new Map(options.store.active().map(({ key, alert }) => [key, alert]));
    this.#settledAt = options.clock.monotonicMs() + SETTLING_MS;
    this.#tick();
  }

  /** Worst first, then the newest. */
  get active(): Alert[] {
    return [...this.#active.values()].toSorted(
      (a, b) => Number(b.severity === 'bad') - Number(a.severity === 'bad') || b.since - a.since || b.id - a.id,
    );
  }

  /** The world has changed. Many changes are looked at as one. */
  worldChanged(): void {
    this.#dirty = true;
  }

  /** Something was done that somebody should know of. It stands until it is acknowledged. */
  tell(alert: Omit<NewAlert, 'since'>): void {
    if (this.#active.has(alert.key)) return;
    this.#raise({ ...alert, since: this.#options.clock.wallMs() });
    this.#options.changed();
  }

  /** Unknown ids are left out: what is over needs no acknowledging. */
  acknowledge(ids: readonly number[], who: string): Alert[] {
    const { store, clock, changed } = this.#options;
    const at = clock.wallMs();
    const found = [...this.#active].filter(([, alert]) => ids.includes(alert.id) && alert.acknowledged === null);
    for (const [key, alert] of found) {
      store.acknowledge(alert.id, at, who);
      this.#active.set(key, { ...alert, acknowledged: { at, who } });
      if (tellsOfSomethingDone(alert)) this.#end(key, alert, at);
    }
    if (found.length > 0) changed();
    return found.map(([, alert]) => alert);
  }

  close(): void {
    this.#timer?.cancel();
  }

  #tick(): void {
    this.#timer = this.#options.clock.timer(LOOK_EVERY_MS, () => {
      if (this.#dirty || this.#pending.size > 0 || !this.#settled) this.#look();
      this.#tick();
    });
  }

  get #settled(): boolean {
    return this.#options.clock.monotonicMs() >= this.#settledAt;
  }

  #look(): void {
    this.#dirty = !this.#settled;
    const { changed, world, clock } = this.#options;
    const [now, found] = [clock.wallMs(), findings(world())];
    const before = [...this.#active.values()];
    for (const each of found) this.#found(each, now);
    const keys = new Set(found.map((f) => f.key));
    for (const key of this.#pending.keys()) if (!keys.has(key)) this.#pending.delete(key);
    for (const [key, alert] of this.#active) {
      if (!keys.has(key) && !tellsOfSomethingDone(alert) && this.#settled) this.#end(key, alert, now);
    }
    const after = [...this.#active.values()];
    if (after.length !== before.length || after.some((alert, i) => alert !== before[i])) changed();
  }

  #found({ afterMs, ...words }: Finding, now: number): void {
    const { key, severity, text, todo } = words;
    const active = this.#active.get(key);
    if (active) {
      if (active.text === text && active.severity === severity) return;
      this.#options.store.reword(active.id, words);
      this.#active.set(key, { ...active, severity, text, todo });
      return;
    }
    const since = this.#pending.get(key) ?? now;
    this.#pending.set(key, since);
    if (now - since < afterMs) return;
    this.#pending.delete(key);
    this.#raise({ ...words, since, explain: false, job: null });
  }

  #raise(alert: NewAlert): void {
    const raised = this.#options.store.add(alert);
    this.#active.set(alert.key, raised);
    this.#options.raised(raised);
  }

  #end(key: string, alert: Alert, at: number): void {
    this.#options.store.end(alert.id, at);
    this.#active.delete(key);
  }
}

function tellsOfSomethingDone({ rule }: Alert): boolean {
  return rule === 'jobFailed' || rule === 'primaryChanged';
}
