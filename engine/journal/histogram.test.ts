import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Histogram } from './histogram.ts';

test('quantiles are right to a tenth', () => {
  fc.assert(
    fc.property(
      fc.array(fc.double({ min: 0.01, max: 100_000, noNaN: true }), { minLength: 1, maxLength: 300 }),
      fc.double({ min: 0, max: 1, noNaN: true }),
      (values, q) => {
        const histogram = new Histogram();
        for (const value of values) histogram.add(value);
        const sorted = [...values].sort((a, b) => a - b);
        const exact = sorted[Math.max(1, Math.ceil(q * values.length)) - 1] ?? 0;
        const told = histogram.quantile(q) ?? -1;
        expect(told).toBeGreaterThanOrEqual(exact * 0.999);
        expect(told).toBeLessThanOrEqual(exact * 1.1);
        expect(histogram.max).toBe(sorted.at(-1));
      },
    ),
  );
});

test('nothing counted has no quantile', () => {
  const histogram = new Histogram();
  histogram.add(5);
  histogram.reset();
  expect([histogram.quantile(0.5), histogram.count, histogram.max]).toEqual([null, 0, 0]);
});
