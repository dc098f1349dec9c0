import type { Epoch, Lineage, Position } from '../../journal/index.ts';
import { comparePositions } from '../../journal/index.ts';

interface Begun {
  readonly epoch: Epoch;
  readonly lineage: Lineage;
}

/** An operator's word that one member is to be primary without what others have. */
type Fork = 'force' | 'promotion';

/** A journal file's first block stands behind its header; a smaller offset is the end of the file before. */
const DATA_START = 4096;

/**
 * What became durable in which epoch, and which epochs went on from where: invariants 1 to 3 in terms of journal positions.
 * It does not matter in which order it hears of things.
 */
export class Ledger {
  readonly #begun = new Map<string, Begun>();
  readonly #durable = new Map<string, { readonly epoch: Epoch; position: Position }>();
  /** What asyncs were sent: nothing may ever go on without it. */
  readonly #held = new Map<string, { readonly epoch: Epoch; position: Position }>();
  readonly #fail: (what: string) => never;
  /** Majors that began by an operator's word that journal may be lost, and whether something was that had become durable. */
  readonly #forced = new Map<number, { readonly by: Fork; hasLost: boolean }>();
  /** Takeovers: epochs begun by another member than the epoch before. */
  takeovers = 0;
  /** Durable positions that an operator's act gave up. */
  givenUp = 0;

  constructor(fail: (what: string) => never) {
    this.#fail = fail;
  }

  /**
   * A member carries the journal on in this epoch.
   * @param fork the word of an operator who took the risk of losing what it does not have; null: no such word
   */
  begun(epoch: Epoch, lineage: Lineage, fork: Fork | null = null): void {
    const name = nameOf(epoch);
    if (fork !== null) this.#forced.set(epoch.major, { by: fork, hasLost: false });
    const other = this.#begun.get(name);
    if (other !== undefined && other.epoch.member !== epoch.member)
      this.#fail(`the epoch ${name} was begun by ${other.epoch.member} and by ${epoch.member}`);
    this.#begun.set(name, { epoch, lineage });
    const before = lineage.at(-2)?.epoch;
    if (before !== undefined && before.member !== epoch.member) this.takeovers += 1;
    for (const [kept, what] of [
      [this.#durable, 'durable'],
      [this.#held, 'held by an async'],
    ] as const)
      for (const { epoch: older, position } of kept.values())
        if (compareEpochs(older, epoch) < 0) this.#check(older, position, { epoch, lineage }, what);
  }

  /** The writer of this epoch takes everything up to the position for durable in the mirror. */
  durable(epoch: Epoch, position: Position): void {
    const name = nameOf(epoch);
    const before = this.#durable.get(name);
    if (before !== undefined && comparePositions(before.position, position) >= 0) return;
    for (const newer of this.#begun.values()) if (compareEpochs(newer.epoch, epoch) > 0) this.#check(epoch, position, newer);
    if (before === undefined) this.#durable.set(name, { epoch, position });
    else before.position = position;
  }

  /** A later primary went on from behind it, and made it durable by that; a member that catches up may not know yet. */
  #isInherited(epoch: Epoch, position: Position): boolean {
    return [...this.#begun.values()].some((newer) => {
      const end = compareEpochs(newer.epoch, epoch) > 0 ? endIn(newer.lineage, epoch) : null;
      return end !== null && end !== 'open' && comparePositions(position, end) <= 0;
    });
  }

  /** An operator's force went on from this journal, and left behind the one that had followed it: an async takes it anew then. */
  #isTakenUpAgain(epoch: Epoch, position: Position, { epoch: newer }: Begun): boolean {
    return [...this.#begun.values()].some((forced) => {
      if (compareEpochs(forced.epoch, newer) <= 0 || !this.isGivenUp(newer.major, forced.epoch.major)) return false;
      const end = endIn(forced.lineage, epoch);
      return end === 'open' || (end !== null && comparePositions(position, end) <= 0);
    });
  }

  #check(older: Epoch, position: Position, newer: Begun, what = 'durable'): void {
    const end = endIn(newer.lineage, older);
    if (end === 'open' || isNothing(position)) return;
    if (end !== null && comparePositions(position, end) <= 0) return;
    if (this.isGivenUp(older.major, newer.epoch.major)) {
      this.givenUp += 1;
      for (const [major, fork] of this.#forced) if (older.major < major && major <= newer.epoch.major) fork.hasLost = true;
      return;
    }
    const kept = end === null ? 'has nothing of that epoch' : `goes on from ${end.file}:${end.offset}`;
    this.#fail(
      `${position.file}:${position.offset} is ${what} in ${nameOf(older)} of ${older.member}, and ${nameOf(newer.epoch)} of ${newer.epoch.member} ${kept}`,
    );
  }

  /** Whether a journal of that lineage and end knows of the newest epoch and holds everything that became durable, but for what was given up. */
  isIn(lineage: Lineage, end: Position): boolean {
    const last = lineage.at(-1)?.epoch;
    if (last === undefined || this.isFollowed(last)) return false;
    return [...this.#durable.values()].every(({ epoch, position }) => {
      if (isNothing(position) || this.isGivenUp(epoch.major, last.major)) return true;
      const limit = endIn(lineage, epoch);
      return limit !== null && comparePositions(position, limit === 'open' ? end : limit) <= 0;
    });
  }

  /** Whether an operator's force, or a promotion without a partner, stands between the two majors: no promise reaches over it. */
  isGivenUp(older: number, newer = Number.POSITIVE_INFINITY): boolean {
    return [...this.#forced.keys()].some((major) => older < major && major <= newer);
  }

  /** Whether between the two majors what clients were told may be gone: by force, or by a promotion that went on without something durable. */
  hasLost(older: number, newer: number): boolean {
    return [...this.#forced].some(([major, { by, hasLost }]) => older < major && major <= newer && (by === 'force' || hasLost));
  }

  /** All that somebody has begun. */
  get epochs(): readonly Epoch[] {
    return [...this.#begun.values()].map(({ epoch }) => epoch);
  }

  /** Somebody began an epoch above it. */
  isFollowed(epoch: Epoch): boolean {
    return [...this.#begun.values()].some((other) => compareEpochs(other.epoch, epoch) > 0);
  }

  /** An async's journal ends there: all of it is durable in the mirror, and whoever becomes primary later has it too. */
  held(who: string, lineage: Lineage, position: Position): void {
    const epoch = lineage.at(-1)?.epoch;
    if (epoch === undefined) return;
    const name = nameOf(epoch);
    // A member may have ended right after its epoch's file was there: then whoever came next has begun with it.
    if (![...this.#begun.values()].some((begun) => beginsWith(begun.lineage, lineage)))
      this.#fail(`${who} holds journal of ${name} of ${epoch.member}, which nobody has begun so`);
    const durable = this.#durable.get(name)?.position ?? null;
    if (isNothing(position)) return;
    if ((durable === null || comparePositions(position, durable) > 0) && !this.#isInherited(epoch, position))
      this.#fail(
        `${who} holds ${position.file}:${position.offset}, which is not durable in ${name} (${durable === null ? 'nothing is' : `${durable.file}:${durable.offset} is`})`,
      );
    for (const newer of this.#begun.values())
      if (compareEpochs(newer.epoch, epoch) > 0 && !this.#isTakenUpAgain(epoch, position, newer))
        this.#check(epoch, position, newer, `held by ${who}`);
    const before = this.#held.get(name);
    if (before === undefined) this.#held.set(name, { epoch, position });
    else if (comparePositions(before.position, position) < 0) before.position = position;
  }

  /** A database's file contains this much of a journal. */
  contained(who: string, lineage: Lineage, position: Position): void {
    const at = lineage.findLast((entry) => comparePositions(entry.first, position) <= 0);
    if (at === undefined || position.offset <= DATA_START) return;
    const end = endIn(lineage, at.epoch);
    if (end !== 'open' || this.#isInherited(at.epoch, position)) return;
    const durable = this.#durable.get(nameOf(at.epoch));
    if (durable === undefined || comparePositions(position, durable.position) > 0)
      this.#fail(
        `${who} has brought ${position.file}:${position.offset} into a database, which is not durable in ${nameOf(at.epoch)} (${durable === undefined ? 'nothing is' : `${durable.position.file}:${durable.position.offset} is`})`,
      );
  }
}

/** Where an epoch ends in a lineage; 'open': it is the last one; null: it is not in it. */
function endIn(lineage: Lineage, epoch: Epoch): Position | 'open' | null {
  const at = lineage.findIndex((entry) => compareEpochs(entry.epoch, epoch) === 0 && entry.epoch.member === epoch.member);
  if (at < 0) return null;
  return lineage[at + 1]?.previousEnd ?? 'open';
}

function beginsWith(lineage: Lineage, beginning: Lineage): boolean {
  const isSame = (entry: Lineage[number], as: Lineage[number] | undefined): boolean =>
    as !== undefined &&
    compareEpochs(entry.epoch, as.epoch) === 0 &&
    entry.epoch.member === as.epoch.member &&
    comparePositions(entry.previousEnd, as.previousEnd) === 0 &&
    entry.previousChain === as.previousChain;
  return beginning.every((entry, i) => isSame(entry, lineage[i]));
}

/** The beginning of an epoch's first file: nothing of it was ever acknowledged. */
function isNothing(position: Position): boolean {
  return position.offset <= DATA_START;
}

function compareEpochs(a: Epoch, b: Epoch): number {
  return a.major - b.major || a.minor - b.minor;
}

function nameOf(epoch: Epoch): string {
  return `${epoch.major}.${epoch.minor}`;
}
