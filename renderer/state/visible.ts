/** Rows of a long list that are drawn: those in sight and a few around them. All lengths in px. */
export function visibleRange(
  { top, height, rowHeight, count }: { top: number; height: number; rowHeight: number; count: number },
  around = 8,
): { first: number; end: number } {
  const first = Math.max(0, Math.min(count, Math.floor(top / rowHeight)) - around);
  const end = Math.min(count, Math.ceil((top + height) / rowHeight) + around);
  return { first, end: Math.max(first, end) };
}
