import type { LostUpdate } from '../../api/lost.ts';
import type { BlockHeader } from '../block.ts';
import { recordTypes, type RecordView } from '../types.ts';

/** A transaction of the part that is lost. Its number alone does not name it: numbers are used again after a restart. */
export interface Unit {
  /** Its place among them all. */
  readonly index: number;
  readonly id: string;
  readonly transaction: number;
  outcome: Exclude<LostUpdate['outcome'], 'single'>;
  /** It was open at the fork already. */
  readonly isOlder: boolean;
}

/** Which transaction a record belongs to, at any moment of reading the lost part in order. */
export class Units {
  /** Every one, in the order of their first records. */
  readonly all: Unit[] = [];
  readonly #open = new Map<number, Unit>();

  /** The transaction of the record; null: it has none. */
  see(record: RecordView, block: Pick<BlockHeader, 'major' | 'minor'>): Unit | null {
    const { type, transaction } = record;
    if (transaction === 0) return null;
    let unit = type === recordTypes.tstart ? undefined : this.#open.get(transaction);
    if (unit === undefined) {
      const id = `T${block.major}.${block.minor}.${transaction}`;
      unit = { index: this.all.length, id, transaction, outcome: 'open', isOlder: type !== recordTypes.tstart };
      this.#open.set(transaction, unit);
      this.all.push(unit);
    }
    if (type === recordTypes.tcommit || type === recordTypes.rollbackEnd) {
      unit.outcome = type === recordTypes.tcommit ? 'committed' : 'rolled back';
      this.#open.delete(transaction);
    }
    return unit;
  }
}
