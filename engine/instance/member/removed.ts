import { conditionLine, conditions } from '../../api/conditions.ts';
import { GemelError } from '../../api/errors.ts';
import type { MemberType } from '../../api/status.ts';
import { memberOf, type Membership, type MirrorRecord } from '../../mirror/index.ts';

/** Whether the record is that of an instance that is no member of its mirror any more. */
export function isRemoved({ self, membership }: MirrorRecord): boolean {
  return memberOf(membership, self) === undefined;
}

/** An instance that is no member of its mirror any more and still has its configuration: it waits to be told what its databases are to be. */
export class RemovedMember {
  readonly mirror: string;
  readonly type: MemberType;
  readonly status = 'Stopped';
  readonly membership: Membership;
  /** What is the matter, in a sentence. */
  readonly problem: string;

  /** @param type what it was */
  constructor({ membership }: MirrorRecord, type: MemberType) {
    this.mirror = membership.mirror;
    this.membership = membership;
    this.type = type;
    this.problem = `This instance is no member of the mirror ${membership.mirror} any more; its mirror configuration is still here.`;
  }

  /** For messages.log. */
  get line(): string {
    return conditionLine('REMOVED', this.problem, { version: this.membership.version });
  }

  /** The answer to whatever is asked of the member. */
  refusal(): GemelError {
    const { means, todo } = conditions.REMOVED;
    return new GemelError('REFUSED', this.problem, means, todo, { code: 'REMOVED', facts: { version: this.membership.version } });
  }
}
