import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { historyTable, joinColumns, valueAt } from './history-series.ts';
import { livePoint } from './series.ts';

interface Point {
  readonly at: number;
  readonly stepMs: number;
  readonly v: number | null;
}
const point = (second: number, v: number | null): Point => ({ at: second * 1000, stepMs: 1000, v });

describe('several members in one chart', () => {
  it('share a row for each step, and each has exactly its own points', () => {
    const points = fc
      .uniqueArray(fc.nat(60), { maxLength: 40 })
      .map((seconds) => seconds.sort((a, b) => a - b).map((s) => point(s, s % 7 === 0 ? null : s)));
    fc.assert(
      fc.property(fc.array(points, { minLength: 1, maxLength: 4 }), (series) => {
        const [times = [], ...columns] = joinColumns(series, (p) => p.v);
        expect(times).toEqual([...new Set(times)].sort((a, b) => (a ?? 0) - (b ?? 0)));
        columns.forEach((column, i) => {
          expect(column).toHaveLength(times.length);
          // A naive model: every point is found at its second; everything else is no value.
          const own = new Map(series[i]?.map((p) => [p.at / 1000, p.v]));
          times.forEach((t, row) => {
            const expected = own.get(t ?? -1);
            if (expected === undefined) expect(column[row] ?? null).toBeNull();
            else expect(column[row]).toBe(expected);
          });
        });
      }),
    );
  });

  it('break a line where points are missing, not where only the other has one', () => {
    const [times, a, b] = joinColumns(
      [
        [point(1, 1), point(3, 3), point(20, 20)],
        [point(2, 2), point(3, 3)],
      ],
      (p) => p.v,
    );
    expect(times).toEqual([1, 2, 3, 4, 20]);
    expect(a).toEqual([1, undefined, 3, null, 20]);
    expect(b).toEqual([undefined, 2, 3, null, undefined]);
    expect([valueAt(a ?? [], 1), valueAt(a ?? [], 3), valueAt(b ?? [], 0)]).toEqual([1, null, null]);
    expect(valueAt(b ?? [], 4)).toBeNull();
  });
});

it('exports a row for each member and step, lags beside figures', () => {
  const metrics = { updatesPerS: 5, journalKBs: 1, commitLatencyMs: null, executorStallMsMax: 0, clients: 1, memoryMB: 9 };
  const lag = { at: 2000, stepMs: 1000, receivedMs: 3, receivedBytes: 4, dejournaledMs: null, dejournaledBytes: null };
  const { head, rows } = historyTable([{ member: 'A', points: [1000, 2000].map((at) => livePoint({ at, ...metrics })), lags: [lag] }]);
  expect(head).toHaveLength(rows[0]?.length ?? 0);
  expect(rows.map((r) => [r[0], r[1], r[3], r[head.indexOf('receivedMs')]])).toEqual([
    ['1970-01-01T00:00:01.000Z', 'A', 5, null],
    ['1970-01-01T00:00:02.000Z', 'A', 5, 3],
  ]);
});
