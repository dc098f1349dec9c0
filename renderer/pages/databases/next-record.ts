import type { DatabaseCell } from '../../../main/contract/index.ts';
import { strings } from '../../strings.ts';
import { count } from '../../format/index.ts';

/** Where a copy goes on in the mirror's journal. */
export function nextRecordText(record: DatabaseCell['nextRecord']): string {
  if (record === null) return strings.unknown;
  return typeof record === 'string' ? record : `${record.time}, ${record.file} ${count(record.offset)}`;
}
