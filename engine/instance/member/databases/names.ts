import { GemelError } from '../../../api/errors.ts';
import { MirrorDatabaseName } from '../../../api/names.ts';
import type { MirrorDatabase } from '../../../mirror/index.ts';
import { valid } from '../valid.ts';

/** Of the instance itself: configuration, programs, scratch data. They are no member's to share. */
const system: ReadonlySet<string> = new Set(['GEMELSYS', 'GEMELLIB', 'GEMELTEMP', 'GEMELAUDIT', 'GEMELLOCAL']);

export interface Wanted {
  /** Of the database here. */
  readonly name: string;
  /** Its name in the mirror, as it is kept. */
  readonly database: string;
}

/** Name that a database is to have in a mirror. Throws NAME, EXISTS, REFUSED. */
export function mirrorNameFor(
  name: string,
  given: string | undefined,
  { mirror, databases }: { readonly mirror: string; readonly databases: readonly MirrorDatabase[] },
): Wanted {
  const local = name.toUpperCase();
  refuseSystem(local);
  const database = valid(MirrorDatabaseName, given ?? local, 'a mirror database');
  if (databases.some((each) => each.name.toUpperCase() === database))
    throw new GemelError(
      'EXISTS',
      `The mirror ${mirror} has a database ${database} already.`,
      'Nothing was changed.',
      'Choose another mirror database name.',
    );
  return { name: local, database };
}

export function isSystem(name: string): boolean {
  return system.has(name);
}

/** Throws REFUSED. */
export function refuseSystem(name: string): void {
  if (!isSystem(name)) return;
  throw new GemelError(
    'REFUSED',
    `${name} is a system database, which every instance has for itself.`,
    'Nothing was changed.',
    'Keep what is to be mirrored in a database of its own.',
  );
}
