import { GemelError } from '../../api/errors.ts';
import type { Net } from '../../io/net.ts';
import type { LocalDatabase } from '../host.ts';
import { splitAddress, type Member } from '../membership.ts';

const CONNECT_MS = 5000;

/** What an async needs that is to be promoted. Throws REFUSED when it lacks mirrored databases, or has some that are updated here too. */
export function requireAll(missing: readonly string[], databases: readonly LocalDatabase[]): void {
  if (missing.length > 0) throw lacks(missing);
  const own = databases.filter(({ failoverDB }) => !failoverDB);
  if (own.length > 0) throw hasOwn(own.map(({ name }) => name));
}

/** The backup of a primary has to reach its private address; an async may have found it at the superserver's. Throws REFUSED. */
export async function requirePrivateWay(net: Net, { name, privateAddress }: Member): Promise<void> {
  const { host, port } = splitAddress(privateAddress);
  try {
    (await net.connect(host, port, CONNECT_MS)).close();
  } catch (error) {
    throw new GemelError(
      'REFUSED',
      `This member cannot reach the primary ${name} at its private address ${privateAddress}, so it cannot be its backup (${error instanceof Error ? error.message : String(error)}).`,
      'Nothing was changed.',
      'See to the network between them. It can be promoted to be primary: stop the other failover member and then the primary, and promote this one.',
    );
  }
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
