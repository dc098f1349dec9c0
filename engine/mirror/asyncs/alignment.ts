import type { ConditionCode, Facts } from '../../api/conditions.ts';
import { GemelError } from '../../api/errors.ts';
import type { Inconsistency } from '../rejoin/inconsistency.ts';
import { compareEpochs, epochText } from '../failover/index.ts';
import type { MemberJournal } from '../member-journal.ts';
import { memberOf, type Membership } from '../membership.ts';
import type { Dejournaler } from './dejournaler.ts';
import type { AsyncControl } from './protocol.ts';

type Answer = Extract<AsyncControl, { t: 'follow-answer' }>;

export interface AlignmentOptions {
  readonly journal: MemberJournal;
  readonly inconsistency: Inconsistency;
  readonly dejournaler: Dejournaler;
  readonly note: (code: ConditionCode, text: string, facts: Facts) => void;
  readonly adopt: (membership: Membership) => void;
  /** The journal is a beginning of a primary's. */
  readonly aligned: () => void;
}

/** Whether an async can follow the primary, and what keeps it from that. What is tried again and again is said once. */
export class Alignment {
  /** Something it was refused, which it asks for again and again; null: nothing. */
  refused: string | null = null;
  readonly #options: AlignmentOptions;
  /** Mirroring may be stopped and started again while the journal is at work. */
  #last: Promise<unknown> = Promise.resolve();

  constructor(options: AlignmentOptions) {
    this.#options = options;
  }

  /** Makes this journal a beginning of the primary's, one answer after the other. @returns whether it is one */
  align(answer: Answer): Promise<boolean> {
    const aligned = this.#last.then(() => this.#align(answer));
    this.#last = aligned;
    return aligned;
  }

  async #align({ primary, epoch, reach, membership }: Answer): Promise<boolean> {
    const { journal, inconsistency, dejournaler, note, adopt, aligned } = this.#options;
    const here = journal.end.epoch;
    const name = memberOf(membership, primary)?.name ?? primary;
    if (compareEpochs(here, epoch) > 0) {
      const text = `The member ${name} is primary in an older epoch than this member has journal of; it is not followed.`;
      if (this.refused !== text) note('ASYNC_AHEAD_OF_PRIMARY', text, { primary: name, theirs: epochText(epoch), here: epochText(here) });
      this.refused = text;
      return false;
    }
    try {
      adopt(membership);
      const sides = await journal.alignWith(reach);
      if (sides.length > 0) dejournaler.cutTo(journal.reach.end.position);
      inconsistency.mended();
      aligned();
      return true;
    } catch (error) {
      if (!(error instanceof GemelError)) throw error;
      inconsistency.failed(error);
      return false;
    }
  }

  refusedBy(code: string, text: string): void {
    if (this.refused !== text) this.#options.note('ASYNC_NOT_TAKEN', `The primary refused this async member. ${text}`, { code, why: text });
    this.refused = text;
  }

  /** It was taken, and what it lacks comes. */
  taken(): void {
    this.refused = null;
  }
}
