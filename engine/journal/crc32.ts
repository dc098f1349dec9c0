import { crc32 } from 'node:zlib';

/** Below this many bytes the tables here are faster than a call of zlib with its view object. */
const nativeFrom = 1024;

function makeTables(): Int32Array {
  const tables = new Int32Array(8 * 256);
  for (let i = 0; i < 256; i++) {
    let c = i;
    for (let bit = 0; bit < 8; bit++) c = c & 1 ? (c >>> 1) ^ 0xedb88320 : c >>> 1;
    tables[i] = c;
  }
  for (let i = 256; i < tables.length; i++) {
    const before = at(tables, i - 256);
    tables[i] = (before >>> 8) ^ at(tables, before & 255);
  }
  return tables;
}

function at(values: Int32Array | Uint8Array, index: number): number {
  return values[index] as number;
}

const tables = makeTables();

function small(bytes: Uint8Array, view: DataView, from: number, to: number): number {
  let c = -1;
  let i = from;
  for (; i + 8 <= to; i += 8) {
    c ^= view.getInt32(i, true);
    const d = view.getInt32(i + 4, true);
    c =
      at(tables, 1792 + (c & 255)) ^
      at(tables, 1536 + ((c >>> 8) & 255)) ^
      at(tables, 1280 + ((c >>> 16) & 255)) ^
      at(tables, 1024 + (c >>> 24)) ^
      at(tables, 768 + (d & 255)) ^
      at(tables, 512 + ((d >>> 8) & 255)) ^
      at(tables, 256 + ((d >>> 16) & 255)) ^
      at(tables, d >>> 24);
  }
  for (; i < to; i++) c = at(tables, (c ^ at(bytes, i)) & 255) ^ (c >>> 8);
  return ~c >>> 0;
}

/**
 * CRC-32 (as in zlib) of `bytes[from, to)`, without making an object for short ranges.
 * @param view of the same bytes
 */
export function crc32Range(bytes: Uint8Array, from: number, to: number, view = viewOf(bytes)): number {
  return to - from < nativeFrom ? small(bytes, view, from, to) : crc32(bytes.subarray(from, to));
}

export function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
