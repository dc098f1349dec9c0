import type { InstanceMethods, Parsed } from '../../api/contract.ts';
import { GemelError } from '../../api/errors.ts';
import type { AsyncType } from '../../api/status.ts';
import { Mirror, type AsyncMember } from '../../mirror/index.ts';
import type { OpenDatabase } from '../executor/index.ts';
import { notInMirror } from './host.ts';
import { typeOf } from './joining.ts';
import { memberAt, type Place } from './place.ts';
import { clearFlags, flagged } from './reporting.ts';

type Asked = Parsed<InstanceMethods, 'mirror.changeType'>;

/**
 * An async becomes one of another type, in all its mirrors: each primary changes the membership. Then flags are cleared here where
 * that was asked for. Throws REFUSED.
 * @param requireAgent throws REFUSED when this host's agent does not run
 */
export async function changeType(
  { as, mirror, failoverDB }: Asked,
  places: readonly Place[],
  requireAgent: () => Promise<unknown>,
): Promise<{ message: string }> {
  if (places.length === 0) throw notInMirror();
  if (mirror !== undefined && !places.some((place) => place.mirror === mirror.toUpperCase()))
    throw refuse(`This instance is not in a mirror ${mirror.toUpperCase()}.`, 'Leave --mirror out: the type is changed in all of them.');
  const type = typeOf[as] as AsyncType;
  const others = places.filter((place) => asyncAt(place).self.type !== type);
  const here = { flagged: flagged(places), cleared: places.flatMap(({ host }) => host?.mirrored.readWrite() ?? []) };
  const refusal =
    others.length === 0
      ? refuse(`This member is a ${type.toLowerCase()} async already.`, '')
      : refusalOf(type, failoverDB, { ...here, mirrors: places.length });
  if (refusal !== null) throw refusal;
  if (type === 'Disaster Recovery') await requireAgent();
  for (const place of others) {
    await asyncAt(place).asking.toBe(type);
    await place.begun();
  }
  if (failoverDB === 'clear') await clearFlags(here.flagged, places);
  const flags = failoverDB === 'clear' && here.flagged.length > 0 ? ` The FailoverDB flag of ${names(here.flagged)} is cleared.` : '';
  return { message: `This member is a ${type.toLowerCase()} async now.${flags}${lacking(type, places)}` };
}

function asyncAt(place: Place): AsyncMember {
  const member = memberAt(place);
  if (!(member instanceof Mirror)) return member;
  throw refuse('A failover member has no async type.', 'gemel mirror demote makes the backup an async.');
}

interface Here {
  /** Mirrored databases that have the FailoverDB flag, and those that do not. */
  readonly flagged: readonly OpenDatabase[];
  readonly cleared: readonly OpenDatabase[];
  /** How many mirrors this instance is a member of. */
  readonly mirrors: number;
}

/** Before any primary is asked; null: it may be. */
function refusalOf(type: AsyncType, failoverDB: Asked['failoverDB'], { flagged: kept, cleared, mirrors }: Here): GemelError | null {
  if (type === 'Disaster Recovery') {
    if (failoverDB === 'clear')
      return refuse('A disaster recovery async has the FailoverDB flag on all its databases.', 'Leave --clear-failoverdb out.');
    if (cleared.length > 0)
      return refuse(
        `The FailoverDB flag is cleared on ${names(cleared)}, and can never be set again.`,
        'Replace each of them by a copy from a member that has the flag on it.',
      );
    if (mirrors > 1)
      return refuse(`This instance is in ${mirrors} mirrors; a disaster recovery async is in one.`, 'Leave the others first.');
  }
  if (type === 'Read-Write Reporting' && failoverDB === undefined && kept.length > 0)
    return refuse(
      `The FailoverDB flag keeps ${names(kept)} read-only. Cleared, they take updates here too, and can never be a primary's copy again.`,
      'Say which it shall be: --clear-failoverdb or --keep-failoverdb. Single ones are cleared with gemel db clear-failoverdb.',
    );
  return null;
}

function refuse(what: string, todo: string): GemelError {
  return new GemelError('REFUSED', what, 'Nothing was changed.', todo);
}

function names(databases: readonly OpenDatabase[]): string {
  return databases.map((d) => d.name).join(', ');
}

/** A disaster recovery async can be promoted only with all databases. */
function lacking(type: AsyncType, places: readonly Place[]): string {
  const missing = type === 'Disaster Recovery' ? places.flatMap((place) => asyncAt(place).missing()) : [];
  return missing.length === 0 ? '' : ` It lacks ${missing.join(', ')}: create them here before it can be promoted.`;
}
