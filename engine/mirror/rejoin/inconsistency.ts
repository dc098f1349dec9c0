import type { ConditionCode, Facts } from '../../api/conditions.ts';
import type { GemelError } from '../../api/errors.ts';
import { isIrreparable } from './irreparable.ts';

export interface InconsistencyOptions {
  /** What the member's record says; null: nothing. */
  readonly found: string | null;
  readonly mirror: string;
  /** Makes it durable. */
  readonly save: (found: string | null) => void;
  /** Nobody reads the mirrored databases any more, for that reason; null: they are read. */
  readonly barReads: (why: string | null) => void;
  readonly note: (code: ConditionCode, text: string, facts: Facts) => void;
}

/**
 * Whether this member's data can be made consistent with its mirror's. Once it was found that it cannot, that is so until the
 * member has been made a beginning of a primary after all, is primary, or is built anew; also after a restart.
 */
export class Inconsistency {
  /** Why this member can follow no primary until it is rebuilt; null: it can. */
  found: string | null;
  readonly #options: InconsistencyOptions;
  /** What kept it from following last, although it may not for ever. */
  #last: string | null = null;

  constructor(options: InconsistencyOptions) {
    this.#options = options;
    this.found = options.found;
  }

  /** Once, when the member begins. */
  begin(): void {
    if (this.found === null) return;
    this.#options.barReads(this.found);
    this.#say(this.found);
  }

  /** Its journal could not be made a beginning of the primary's. What is tried again and again is said once. */
  failed(error: GemelError): void {
    const { barReads, save, note } = this.#options;
    if (!isIrreparable(error)) {
      if (this.#last !== error.message)
        note('CANNOT_FOLLOW', `This member cannot follow the primary now. ${error.message}`, { code: error.code });
      this.#last = error.message;
      return;
    }
    if (this.found === error.message) return;
    save(error.message);
    this.found = error.message;
    barReads(error.message);
    this.#say(error.message);
  }

  /** The documented pair of lines: the detail first. */
  #say(why: string): void {
    const { mirror, note } = this.#options;
    note('INCONSISTENT_DETAIL', why, { mirror });
    note(
      'INCONSISTENT',
      `The data of this member does not agree with that of the mirror ${mirror}, and cannot be made to. If the primary has the data that is wanted, rebuild this member.`,
      { mirror },
    );
  }

  /** It follows a primary, or is one. */
  mended(): void {
    this.#last = null;
    if (this.found === null) return;
    this.#options.save(null);
    this.found = null;
    this.#options.barReads(null);
  }
}
