import type { RecordView } from '../../../engine/api/journals.ts';

type Bytes = NonNullable<RecordView['reference']>;

/** Bytes as they are shown: text with its control characters made visible, else base64. */
export function bytesText(bytes: Bytes): string {
  return typeof bytes === 'string' ? bytes.replaceAll(/[\p{Cc}]/gu, '·') : `base64 ${bytes.base64}`;
}

/** null: there is none. */
export function valueText(value: RecordView['new']): string | null {
  if (value === null) return null;
  return typeof value === 'string' ? JSON.stringify(bytesText(value)) : bytesText(value);
}
