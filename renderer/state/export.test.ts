import fc from 'fast-check';
import { expect, it } from 'vitest';
import { csv, fileName, type Cell } from './export.ts';

/** A reader of its own: quoted or plain cells. */
function read(text: string): string[][] {
  return text
    .slice(0, -2)
    .split(/\r\n(?=(?:[^"]*"[^"]*")*[^"]*$)/)
    .map((line) => line.split(/,(?=(?:[^"]*"[^"]*")*[^"]*$)/).map((c) => (c.startsWith('"') ? c.slice(1, -1).replaceAll('""', '"') : c)));
}

it('is read back as it was, whatever the cells hold', () => {
  const text = fc.string({ unit: fc.constantFrom('a', 'ü', '"', ',', '\n', '\r\n', ' ', '7') });
  const row = fc.tuple(text, fc.integer(), fc.option(text));
  fc.assert(
    fc.property(fc.array(row, { maxLength: 8 }), (rows) => {
      const guarded = (c: Cell): string => (c === null ? '' : typeof c === 'string' && /^[=+\-@\t\r]/.test(c) ? `'${c}` : String(c));
      expect(read(csv(['a', 'b', 'c'], rows))).toEqual([['a', 'b', 'c'], ...rows.map((r) => r.map(guarded))]);
    }),
  );
});

it('lets no text run as a formula in a spreadsheet', () => {
  expect(csv(['x'], [['=1+1'], [-5]])).toBe("x\r\n'=1+1\r\n-5\r\n");
});

it('names files safely', () => {
  expect(fileName('audit', '2026-11-21 14:03', '/x.csv')).toBe('audit-2026-11-21-14-03--x.csv');
});
