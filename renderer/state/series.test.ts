import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { HistoryPoint } from '../../main/contract/index.ts';
import { appendPoint, axisMs, columns, livePoint, mergeSeries, WINDOW_MS } from './series.ts';

function point(at: number, updatesPerS = 1, stepMs = 1000): HistoryPoint {
  return {
    at,
    stepMs,
    updatesPerS,
    journalKBs: 0,
    latencyMsP50: null,
    latencyMsP99: null,
    latencyMsMax: null,
    stallMsMax: 0,
    clients: 0,
    memoryMB: 0,
  };
}

describe('series', () => {
  it('merge sorts, keeps the later of two for one moment, and forgets what is older than the window', () => {
    const merged = mergeSeries([point(5000), point(1000)], [point(5000, 9), point(3000)]);
    expect(merged.map((p) => [p.at, p.updatesPerS])).toEqual([
      [1000, 1],
      [3000, 1],
      [5000, 9],
    ]);
    expect(mergeSeries([point(0), point(1)], [point(WINDOW_MS)]).map((p) => p.at)).toEqual([1, WINDOW_MS]);
  });

  it('append is merge of one', () => {
    const times = fc.uniqueArray(fc.integer({ min: 0, max: 2 * WINDOW_MS }), { maxLength: 30 });
    fc.assert(
      fc.property(times, (all) => {
        let appended = mergeSeries([], []);
        let merged = mergeSeries([], []);
        for (const at of all) {
          appended = appendPoint(appended, point(at));
          merged = mergeSeries(merged, [point(at)]);
        }
        expect(appended).toEqual(merged);
      }),
    );
  });

  it('draws a gap where points are missing, and none where steps are only long', () => {
    expect(columns([point(1000), point(2000), point(9000)], [(p) => p.updatesPerS])).toEqual([
      [1, 2, 5.5, 9],
      [1, 1, null, 1],
    ]);
    expect(columns([point(0, 1, 10_000), point(10_000, 1, 10_000)], [(p) => p.updatesPerS])[1]).toEqual([1, 1]);
  });

  it('has a time axis that grows with it, between a minute and the window', () => {
    expect(axisMs([])).toBe(60_000);
    expect(axisMs([point(0), point(120_000)])).toBe(120_000);
    expect(axisMs([point(0), point(2 * WINDOW_MS)])).toBe(WINDOW_MS);
  });

  it('keeps a second without commits apart from one of zero latency', () => {
    const live = livePoint({
      at: 1,
      updatesPerS: 0,
      journalKBs: 0,
      commitLatencyMs: null,
      executorStallMsMax: 0,
      clients: 1,
      memoryMB: 60,
    });
    expect(columns([live], [(p) => p.latencyMsP50, (p) => p.updatesPerS])).toEqual([[0.001], [null], [0]]);
  });
});
