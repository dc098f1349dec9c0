import type { Bytes } from '../../globals/index.ts';
import type { Epoch } from '../../journal/index.ts';

/**
 * Transactions over mirrored and unmirrored databases. The mirror's journal decides: the local one notes durably that
 * the transaction is prepared, then the mirror's takes the commit, then the local one's. A local transaction found
 * open after a crash was committed exactly when it is prepared and the mirror's journal, as it goes on in the mirror,
 * holds its commit.
 */

/** Which transaction of which epoch of the mirror's journal: numbers are used again in later epochs. */
export function preparedPayload(transaction: number, epoch: Epoch): Bytes {
  return `${transaction} ${epoch.major} ${epoch.minor}`;
}

export function parsePrepared(payload: Bytes): { transaction: number; major: number; minor: number } | null {
  const [transaction, major, minor] = payload.split(' ').map(Number);
  if (transaction === undefined || major === undefined || minor === undefined || [transaction, major, minor].some(Number.isNaN)) return null;
  return { transaction, major, minor };
}
