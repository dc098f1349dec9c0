import path from 'node:path';
import { z } from 'zod';
import type { KeepReason } from '../../api/journals.ts';
import { Position } from '../../api/status.ts';
import type { Files } from '../../io/index.ts';
import type { Lineage, PurgeNeed } from '../../journal/index.ts';

const Known = z.object({
  guid: z.string(),
  name: z.string(),
  isAsync: z.boolean(),
  /** What it has of the mirror's journal for certain; null: not known. */
  position: Position.nullable(),
  /** Epoch of the journal then. */
  epoch: z.object({ major: z.number(), minor: z.number() }),
  /** ms since the epoch at which it was last connected, or first missed. */
  seenMs: z.number(),
});
/** What is known of another member's journal. */
export type Known = z.infer<typeof Known>;
const KnownOthers = z.object({ members: z.array(Known) });

/** Another member as it is now. */
export interface Other {
  readonly guid: string;
  readonly name: string;
  readonly isAsync: boolean;
  /** What it has said that it has; null: it is not connected, or has not said it yet. */
  readonly position: Position | null;
  readonly connected: boolean;
}

const dayMs = 86_400_000;

/** What is known now: of who is connected the newest, of others what was known before. Who is no member any more is forgotten. */
export function learn(before: readonly Known[], others: readonly Other[], epoch: Known['epoch'], nowMs: number): Known[] {
  return others.map(({ guid, name, isAsync, position, connected }) => {
    const known = before.find((each) => each.guid === guid);
    const base = { guid, name, isAsync };
    if (position !== null) return { ...base, position, epoch, seenMs: nowMs };
    if (known === undefined) return { ...base, position: null, epoch, seenMs: nowMs };
    return { ...known, ...base, seenMs: connected ? nowMs : known.seenMs };
  });
}

/** Members that have been away for longer than journal is kept for them. Only asyncs ever are. */
export function givenUp(known: readonly Known[], connected: ReadonlySet<string>, days: number, nowMs: number): Known[] {
  return known.filter((each) => each.isAsync && !connected.has(each.guid) && nowMs - each.seenMs > days * dayMs);
}

/** What others still need of the journal. @param days for which it is kept for an async that is away */
export function othersNeed(
  known: readonly Known[],
  connected: ReadonlySet<string>,
  lineage: Lineage,
  days: number,
  nowMs: number,
): PurgeNeed[] {
  const lost = givenUp(known, connected, days, nowMs);
  return known
    .filter((each) => !lost.includes(each))
    .map((each) => ({ from: neededFrom(each, lineage), reason: reasonOf(each, connected.has(each.guid), days) }));
}

/**
 * The whole file that it has got to: the end of one may not be synced there before the next has begun. What it had may not be in
 * the mirror any more: then it goes back to where a newer epoch begins.
 */
function neededFrom({ position, epoch }: Known, lineage: Lineage): Position | null {
  if (position === null) return null;
  let from = { file: position.file, offset: 0 };
  for (const { epoch: later, previousEnd } of lineage) {
    const isNewer = (later.major - epoch.major || later.minor - epoch.minor) > 0;
    if (isNewer && previousEnd.file < from.file) from = { file: previousEnd.file, offset: 0 };
  }
  return from;
}

function reasonOf({ name, isAsync, position, seenMs }: Known, isConnected: boolean, days: number): KeepReason {
  const code = isAsync ? 'async' : 'failover-member';
  const member = isAsync ? `the async member ${name}` : `the failover member ${name}`;
  const since = new Date(seenMs).toISOString();
  if (isConnected) return { code, text: `${member} has not received it yet` };
  const until = isAsync ? `; it is kept for it until ${new Date(seenMs + days * dayMs).toISOString()}` : '';
  if (position === null) return { code, text: `what ${member} has is not known since ${since}${until}` };
  return { code, text: `${member} is not connected since ${since} and lacks it${until}` };
}

/** Written anew when it has changed so much that a crash would make a difference. */
const savedEveryMs = 600_000;

/** `mgr/mirror-NAME-others.json`: what other members have of the journal, for the time after a restart. */
export class OthersFile {
  readonly #files: Files;
  readonly #path: string;
  #known: readonly Known[];
  #saved: readonly Known[];

  /** What is damaged counts for nothing: then nothing is known. */
  constructor(files: Files, mgr: string, mirror: string) {
    this.#files = files;
    this.#path = path.join(mgr, `mirror-${mirror}-others.json`);
    this.#known = this.#saved = this.#read();
  }

  #read(): Known[] {
    if (!this.#files.exists(this.#path)) return [];
    try {
      return KnownOthers.parse(JSON.parse(this.#files.read(this.#path).toString('utf8'))).members;
    } catch (error) {
      if (error instanceof SyntaxError || error instanceof z.ZodError) return [];
      throw error;
    }
  }

  get known(): readonly Known[] {
    return this.#known;
  }

  /** Throws GemelError when it cannot be written: then nothing may be purged that rests on it. */
  update(others: readonly Other[], epoch: Known['epoch'], nowMs: number): void {
    this.#known = learn(this.#known, others, epoch, nowMs);
    if (!this.#known.some((each) => this.#isNews(each)) && this.#known.length === this.#saved.length) return;
    this.#files.atomicWrite(this.#path, Buffer.from(JSON.stringify({ members: this.#known })));
    this.#saved = this.#known;
  }

  /** Whether a restart would make another decision without it. */
  #isNews(now: Known): boolean {
    const saved = this.#saved.find(({ guid }) => guid === now.guid);
    if (saved === undefined || (saved.position === null) !== (now.position === null)) return true;
    if (now.seenMs - saved.seenMs > savedEveryMs || saved.epoch.major !== now.epoch.major || saved.epoch.minor !== now.epoch.minor)
      return true;
    return now.position !== null && saved.position !== null && now.position.file !== saved.position.file;
  }
}
