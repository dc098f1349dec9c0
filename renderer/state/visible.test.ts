import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { visibleRange } from './visible.ts';

describe('the rows that are drawn', () => {
  it('are those in sight, wherever one scrolls to, and never many more', () => {
    const of = fc.record({
      top: fc.integer({ min: 0, max: 1_000_000 }),
      height: fc.integer({ min: 0, max: 2000 }),
      rowHeight: fc.integer({ min: 10, max: 80 }),
      count: fc.nat(5000),
    });
    fc.assert(
      fc.property(of, (view) => {
        const { first, end } = visibleRange(view);
        expect(first).toBeGreaterThanOrEqual(0);
        expect(end).toBeGreaterThanOrEqual(first);
        expect(end).toBeLessThanOrEqual(view.count);
        expect(end - first).toBeLessThanOrEqual(Math.ceil(view.height / view.rowHeight) + 18);
        for (let row = 0; row < view.count; row++) {
          const isInSight = (row + 1) * view.rowHeight > view.top && row * view.rowHeight < view.top + view.height;
          if (isInSight) expect(row >= first && row < end).toBe(true);
        }
      }),
    );
  });
});
