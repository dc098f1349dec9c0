import type { ConsoleClient, HistoryEvent, MirrorMemberView, Problem } from '../../main/contract/index.ts';
import type { MemberHistory } from './history-series.ts';
import { toProblem } from './problem.ts';

const MINUTE = 60_000;
const DAY = 86_400_000;

/** Lengths on offer, ms. */
export const ranges = [10 * MINUTE, 60 * MINUTE, 6 * 60 * MINUTE, DAY, 7 * DAY, 30 * DAY, 365 * DAY] as const;

const MAX_POINTS = 400;
const SHORTEST_MS = 10_000;
/** A line for each of more members is a tangle: a person chooses then. */
const SHOWN_AT_FIRST = 6;

type Member = Pick<MirrorMemberView, 'name' | 'instance'>;

/** What was recorded of a mirror, over a stretch of time that a person moves about in. `live`: it ends now and goes on. */
export class HistoryState {
  readonly #client: ConsoleClient;
  readonly #mirror: string;
  #asked = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #closed = false;
  #members: readonly Member[] = [];
  live: boolean = $state(true);
  length: number = $state(ranges[0]);
  /** End of the stretch where it is not live. */
  #end: number = $state(Date.now());
  /** What is shown: moves with the data, so that axis and lines belong together. */
  shown: { readonly from: number; readonly to: number } = $state.raw({ from: 0, to: 0 });
  history: readonly MemberHistory[] = $state.raw([]);
  events: readonly HistoryEvent[] = $state.raw([]);
  loaded: boolean = $state(false);
  problem: Problem | null = $state.raw(null);
  /** Left out of the charts by a person, or because they are many. */
  #hidden: readonly string[] | null = $state.raw(null);

  constructor(client: ConsoleClient, mirror: string) {
    this.#client = client;
    this.#mirror = mirror;
    this.shown = this.#wanted;
  }

  /** The mirror's members as they are now: asked for again when they change. */
  setMembers(members: readonly Member[]): void {
    const key = (all: readonly Member[]): string => JSON.stringify(all.map(({ name, instance }) => [name, instance]));
    if (this.loaded && key(members) === key(this.#members)) return;
    this.#members = members.map(({ name, instance }) => ({ name, instance }));
    void this.load();
  }

  get memberNames(): string[] {
    return this.history.map((h) => h.member).sort();
  }

  isShown(member: string): boolean {
    if (this.#hidden !== null) return !this.#hidden.includes(member);
    return this.memberNames.indexOf(member) < SHOWN_AT_FIRST;
  }

  toggle(member: string): void {
    const shown = this.memberNames.filter((name) => (name === member ? !this.isShown(name) : this.isShown(name)));
    this.#hidden = this.memberNames.filter((name) => !shown.includes(name));
  }

  /** The last so many ms, going on. */
  show(length: number): void {
    this.live = true;
    this.length = length;
    void this.load();
  }

  /** A stretch that stands. Times in ms since the epoch. */
  zoom(from: number, to: number): void {
    const length = Math.max(SHORTEST_MS, to - from);
    if (!this.live && length === this.length && to === this.#end) return;
    this.live = false;
    this.length = length;
    this.#end = Math.min(to, Date.now());
    void this.load();
  }

  /** Closer (below 1) or further away, about the middle. */
  scale(factor: number): void {
    const { from, to } = this.#wanted;
    const [middle, half] = [(from + to) / 2, Math.min(ranges[6], this.length * factor) / 2];
    this.zoom(middle - half, middle + half);
  }

  /** By a part of the length: below 0 towards the past. */
  move(part: number): void {
    const { from, to } = this.#wanted;
    this.zoom(from + part * this.length, to + part * this.length);
  }

  get #wanted(): { from: number; to: number } {
    const to = this.live ? Date.now() : this.#end;
    return { from: to - this.length, to };
  }

  async load(): Promise<void> {
    const asked = ++this.#asked;
    clearTimeout(this.#timer);
    const { from, to } = this.#wanted;
    const mirror = this.#mirror;
    try {
      const [figures, lags, events] = await Promise.all([
        Promise.all(
          this.#members.map(({ instance }) =>
            instance === null ? [] : this.#client.call('history', { instance, from, to, maxPoints: MAX_POINTS }),
          ),
        ),
        this.#client.call('history.lags', { mirror, from, to, maxPoints: MAX_POINTS }),
        this.#client.call('history.events', { mirror, from, to }),
      ]);
      // A newer question is under way: its answer counts.
      if (asked !== this.#asked || this.#closed) return;
      this.history = this.#members.map(({ name }, i) => ({
        member: name,
        points: figures[i] ?? [],
        lags: lags.find((l) => l.member === name)?.points ?? [],
      }));
      this.events = events;
      this.shown = { from, to };
      this.loaded = true;
      this.problem = null;
    } catch (error) {
      if (asked !== this.#asked || this.#closed) return;
      this.problem = toProblem(error);
    }
    this.#again();
  }

  close(): void {
    this.#closed = true;
    clearTimeout(this.#timer);
  }

  /** A live stretch goes on by about a pixel at a time; not while nobody looks. */
  #again(): void {
    if (!this.live) return;
    const wait = Math.min(60_000, Math.max(2000, this.length / MAX_POINTS));
    this.#timer = setTimeout(() => {
      if (document.visibilityState === 'hidden') this.#again();
      else void this.load();
    }, wait);
  }
}
