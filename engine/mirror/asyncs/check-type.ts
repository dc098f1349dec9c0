import { GemelError } from '../../api/errors.ts';
import type { AsyncType } from '../../api/status.ts';
import type { Guid } from '../failover/index.ts';
import { isAsync, memberOf, type Membership } from '../membership.ts';

/** What the primary makes sure of before an async becomes one of another type. Throws REFUSED. @param theirs the member's version */
export function checkTypeChange(
  { membership, version }: { readonly membership: Membership; readonly version: string },
  guid: Guid,
  type: AsyncType,
  theirs: string,
): void {
  const refuse = (what: string, todo: string): GemelError => new GemelError('REFUSED', what, 'Nothing was changed.', todo);
  const member = memberOf(membership, guid);
  if (member === undefined || !isAsync(member)) throw refuse('It is no async member of the mirror.', 'See gemel mirror status.');
  if (member.type === type) throw refuse(`${member.name} is of that type already.`, '');
  if (type === 'Disaster Recovery' && theirs !== version)
    throw refuse(
      `Disaster recovery members must have the primary's version, ${version}; ${member.name} has ${theirs}.`,
      'Bring both to the same version first.',
    );
}
