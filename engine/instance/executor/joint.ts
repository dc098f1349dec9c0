import type { Bytes } from '../../globals/index.ts';
import type { Epoch, Position } from '../../journal/index.ts';

/**
 * Transactions over mirrored and unmirrored databases. The mirror's journal decides: the local one notes durably that
 * the transaction is prepared, then the mirror's takes the commit, then the local one's. A local transaction found
 * open after a crash was committed exactly when it is prepared and the mirror's journal, as it goes on in the mirror,
 * holds its commit.
 */

/** Where the mirror's journal would hold the commit: numbers are used again in later epochs. */
export interface Prepared {
  readonly transaction: number;
  readonly major: number;
  readonly minor: number;
  /** The commit stands behind it, if anywhere. */
  readonly from: Position;
}

export function preparedPayload(transaction: number, { major, minor }: Epoch, { file, offset }: Position): Bytes {
  return [transaction, major, minor, file, offset].join(' ');
}

/** null for what is no such note. */
export function parsePrepared(payload: Bytes): Prepared | null {
  const [transaction, major, minor, file, offset, ...rest] = payload.split(' ').map(Number);
  if (transaction === undefined || major === undefined || minor === undefined || file === undefined || offset === undefined) return null;
  if (rest.length > 0 || ![transaction, major, minor, file, offset].every(Number.isSafeInteger)) return null;
  return { transaction, major, minor, from: { file, offset } };
}
