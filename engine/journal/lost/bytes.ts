import type { LostBytes } from '../../api/lost.ts';
import type { Bytes } from '../../globals/bytes.ts';

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** Bytes as JSON has them: text where they are UTF-8. */
export function toJson(bytes: Bytes): LostBytes {
  const buffer = Buffer.from(bytes, 'latin1');
  try {
    return utf8.decode(buffer);
  } catch {
    return { base64: buffer.toString('base64') };
  }
}

export function fromJson(value: LostBytes): Bytes {
  return (typeof value === 'string' ? Buffer.from(value, 'utf8') : Buffer.from(value.base64, 'base64')).latin1Slice();
}
