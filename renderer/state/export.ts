/** Tables as text for other programs. */

export type Cell = string | number | null;

/** RFC 4180, with a head. Text that a spreadsheet would take for a formula gets an apostrophe in front. */
export function csv(head: readonly string[], rows: readonly (readonly Cell[])[]): string {
  return [head, ...rows].map((row) => `${row.map(cell).join(',')}\r\n`).join('');
}

function cell(value: Cell): string {
  if (value === null) return '';
  if (typeof value === 'number') return String(value);
  const text = /^[=+\-@\t\r]/.test(value) ? `'${value}` : value;
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/** A name for a file: letters, digits, dots and dashes only. */
export function fileName(...parts: readonly string[]): string {
  return parts.join('-').replaceAll(/[^\w.-]+/g, '-');
}
