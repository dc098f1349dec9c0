import { GemelError } from '../../api/errors.ts';
import type { LocalDatabase } from '../host.ts';

/** What an async needs that is to be promoted. Throws REFUSED when it lacks mirrored databases, or has some that are updated here too. */
export function requireAll(missing: readonly string[], databases: readonly LocalDatabase[]): void {
  if (missing.length > 0) throw lacks(missing);
  const own = databases.filter(({ failoverDB }) => !failoverDB);
  if (own.length > 0) throw hasOwn(own.map(({ name }) => name));
}

function hasOwn(databases: readonly string[]): GemelError {
  return new GemelError(
    'REFUSED',
    `The FailoverDB flag is cleared here on ${databases.join(', ')}: they can never be the primary's.`,
    'Nothing was changed.',
    'Replace each of them by a copy from a member that has the flag on it.',
  );
}

function lacks(databases: readonly string[]): GemelError {
  return new GemelError(
    'REFUSED',
    `This member lacks mirrored databases: ${databases.join(', ')}.`,
    'Nothing was changed.',
    'Create them here first: gemel db create --mirrored.',
  );
}
