import { GemelError } from '../../../api/errors.ts';
import type { JournalWriter } from '../../../journal/index.ts';
import { Mirror, type AsyncMember } from '../../../mirror/index.ts';
import type { OpenDatabase } from '../../executor/index.ts';
import type { MemberHost } from '../host.ts';
import { memberAt, type Place, type PlaceContext } from '../place.ts';

/** What the work on databases needs of their instance. */
export interface DatabaseContext extends Pick<PlaceContext, 'io' | 'store' | 'settings' | 'paths' | 'log' | 'changed'> {
  readonly places: () => readonly Place[];
  /** The place in the mirror of that name, or the only one. Throws REFUSED, NOT_FOUND, USAGE. */
  readonly placeIn: (mirror: string | undefined) => Place;
  /** Every member is to have copies of databases that the mirror has just got. @returns the job that follows it */
  readonly seedWanted: (place: Place, databases: readonly string[]) => string;
}

/** A member of which databases are worked on. */
export interface Here {
  readonly member: Mirror | AsyncMember;
  readonly host: MemberHost;
}

/** The same, while it is primary and open for users. */
export interface Primary {
  readonly member: Mirror;
  readonly host: MemberHost;
  readonly writer: JournalWriter;
}

/** Throws NOT_FOUND. */
export function mounted(name: string, { store }: DatabaseContext): OpenDatabase {
  const found = store.executor.namespaces.find(name);
  if (found !== undefined) return found;
  if (store.dismounted.get(name) !== undefined)
    throw new GemelError(
      'DATABASE',
      `The database ${name.toUpperCase()} is dismounted.`,
      'Nothing was changed.',
      'Mount it first: gemel db mount.',
    );
  throw new GemelError(
    'NOT_FOUND',
    `There is no mounted database ${name.toUpperCase()}.`,
    'Nothing was changed.',
    'gemel db list shows those there are.',
  );
}

/** The member whose mirror the database belongs to; null: the instance is not in it. Throws why a held member answers nothing. */
export function memberOfDatabase(database: OpenDatabase, { places }: DatabaseContext): Here | null {
  const mirror = database.nodes.meta().mirror;
  for (const place of places()) {
    if (place.mirror !== mirror?.name) continue;
    const member = memberAt(place);
    if (member.membership.guid === mirror.guid && place.host !== null) return { member, host: place.host };
  }
  return null;
}

/** null: it is not primary, or not open for users. */
export function asPrimary({ member, host }: Here): Primary | null {
  const { writer } = host;
  if (!(member instanceof Mirror) || member.state.role.is !== 'primary' || writer === null || !host.isOpen) return null;
  return { member, host, writer };
}

/** Throws REFUSED. @param what is done on the primary only, as a sentence's beginning */
export function requirePrimary(here: Here, what: string): Primary {
  const primary = asPrimary(here);
  if (primary !== null) return primary;
  throw new GemelError(
    'REFUSED',
    `${what} on the primary first, and this member is not primary.`,
    'Nothing was changed.',
    'gemel mirror status shows which member is; do it there, then here.',
  );
}

/** Throws REFUSED: the member was primary when something was begun, and is not any more. */
export function requireSame({ host, writer }: Primary): void {
  if (host.writer === writer && host.isOpen) return;
  throw new GemelError(
    'REFUSED',
    'This member is no longer primary.',
    'Nothing was changed.',
    'Repeat it on the member that is primary now.',
  );
}
