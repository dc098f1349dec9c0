import { conditionLine, conditions } from '../../api/conditions.ts';
import { GemelError } from '../../api/errors.ts';
import type { MemberType } from '../../api/status.ts';
import type { MirrorRecord } from '../../mirror/index.ts';

/**
 * A member whose own mirror journal cannot be read. What it lacks or has beyond the others is not known, so it neither answers
 * nor asks them anything: it waits for a person, while the instance serves what is not mirrored.
 */
export class HeldMember {
  readonly mirror: string;
  readonly type: MemberType;
  /** What is wrong, in a sentence. */
  readonly problem: string;
  readonly status = 'Waiting';
  readonly record: MirrorRecord;
  readonly #why: string;

  constructor(record: MirrorRecord, error: GemelError) {
    const { self, membership } = record;
    this.record = record;
    this.mirror = membership.mirror;
    this.type = membership.members.find((m) => m.guid === self)?.type ?? 'Failover';
    this.#why = error.what;
    this.problem = `The mirror journal of this member cannot be read, so it takes no part in the mirror ${this.mirror}: ${error.what}`;
  }

  /** For messages.log. */
  get line(): string {
    return conditionLine('OWN_JOURNAL_UNREADABLE', this.problem, { mirror: this.mirror, why: this.#why });
  }

  /** The answer to whatever is asked of the member. */
  refusal(): GemelError {
    const { means, todo } = conditions.OWN_JOURNAL_UNREADABLE;
    return new GemelError('REFUSED', this.problem, means, todo, {
      code: 'OWN_JOURNAL_UNREADABLE',
      facts: { mirror: this.mirror, why: this.#why },
    });
  }
}
