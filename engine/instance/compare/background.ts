import path from 'node:path';
import { z } from 'zod';
import { GemelError } from '../../api/errors.ts';
import type { Io } from '../../io/index.ts';
import { Mirror } from '../../mirror/index.ts';
import type { InstancePaths } from '../directory.ts';
import type { Place } from '../member/place.ts';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

const Last = z.object({ comparedMs: z.number() });

export interface BackgroundOptions {
  readonly io: Pick<Io, 'clock' | 'files'>;
  readonly paths: Pick<InstancePaths, 'mgr'>;
  /** Days between two comparisons; 0: none is made. */
  readonly days: number;
  readonly places: () => readonly Place[];
  /** Begins a comparison with the primary. Throws GemelError. */
  readonly compare: (mirror: string) => void;
}

/** Compares the copies of members that are not primary with the primary's every few days. When that was last is kept. */
export class BackgroundComparison {
  readonly #options: BackgroundOptions;
  #timer: { cancel(): void } | null = null;

  constructor(options: BackgroundOptions) {
    this.#options = options;
    if (options.days > 0) this.#later();
  }

  #later(): void {
    this.#timer = this.#options.io.clock.timer(HOUR_MS, () => {
      for (const place of this.#options.places()) this.#tryLook(place);
      this.#later();
    });
  }

  /** What cannot be done now, on a full disk say, is tried again in an hour. */
  #tryLook(place: Place): void {
    try {
      this.#look(place);
    } catch (error) {
      if (!(error instanceof GemelError)) throw error;
    }
  }

  #look(place: Place): void {
    const { io, days, compare } = this.#options;
    if (!isCopy(place)) return;
    const file = this.#file(place.mirror);
    const now = io.clock.wallMs();
    const last = io.files.exists(file) ? lastCompared(io.files.read(file).toString('utf8')) : null;
    const due = isDue(last, now, days);
    if (due) compare(place.mirror);
    if (due || last === null) io.files.atomicWrite(file, Buffer.from(JSON.stringify({ comparedMs: now })));
  }

  #file(mirror: string): string {
    return path.join(this.#options.paths.mgr, `compared-${mirror}.json`);
  }

  close(): void {
    this.#timer?.cancel();
  }
}

/** What the file says, in ms since the epoch; null: nothing that can be read. */
export function lastCompared(text: string): number | null {
  try {
    return Last.parse(JSON.parse(text)).comparedMs;
  } catch (error) {
    if (error instanceof SyntaxError || error instanceof z.ZodError) return null;
    throw error;
  }
}

/** @param lastMs null: it never was; a new member is as its primary was a moment ago */
export function isDue(lastMs: number | null, nowMs: number, days: number): boolean {
  if (lastMs === null) return false;
  // A clock that was set back is no reason to wait for years.
  return nowMs - lastMs >= days * DAY_MS || lastMs > nowMs;
}

/** It follows a primary, and has what that has. */
function isCopy({ member }: Place): boolean {
  if (member === null) return false;
  return member instanceof Mirror ? member.state.role.is === 'backup' && member.state.role.active !== null : member.primary !== null;
}
