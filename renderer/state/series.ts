import type { Metrics } from '../../engine/api/status.ts';
import type { HistoryPoint } from '../../main/contract/index.ts';

/** Figures of one instance over the last minutes, oldest first, as the charts draw them. */
export type Series = readonly HistoryPoint[];

/** How much the charts show, ms. */
export const WINDOW_MS = 10 * 60 * 1000;

const LIVE_STEP_MS = 1000;

/** The shortest time axis: a page just opened shows its first seconds wide enough to be read. */
const SHORTEST_AXIS_MS = 60 * 1000;

/** Length of the time axis that fits a series, ms: grows with it up to the window. */
export function axisMs(series: Series): number {
  const [first, last] = [series[0], series.at(-1)];
  const length = first === undefined || last === undefined ? 0 : last.at - first.at;
  return Math.min(WINDOW_MS, Math.max(SHORTEST_AXIS_MS, length));
}

/** A second of live figures in the form of history. */
export function livePoint(metrics: Metrics): HistoryPoint {
  const latency = metrics.commitLatencyMs;
  return {
    at: metrics.at,
    stepMs: LIVE_STEP_MS,
    updatesPerS: metrics.updatesPerS,
    journalKBs: metrics.journalKBs,
    latencyMsP50: latency?.p50 ?? null,
    latencyMsP99: latency?.p99 ?? null,
    latencyMsMax: latency?.max ?? null,
    stallMsMax: metrics.executorStallMsMax,
    clients: metrics.clients,
    memoryMB: metrics.memoryMB,
  };
}

/** Joins stored and live points: sorted, one per moment (the later argument wins), none older than the window before the newest. */
export function mergeSeries(first: Series, second: Series): Series {
  const byTime = new Map<number, HistoryPoint>();
  for (const point of [...first, ...second]) byTime.set(point.at, point);
  const sorted = [...byTime.values()].sort((a, b) => a.at - b.at);
  const newest = sorted.at(-1);
  return newest === undefined ? [] : sorted.filter((p) => p.at > newest.at - WINDOW_MS);
}

/** Adds one live point. The usual case, newer than all others, costs no sorting. */
export function appendPoint(series: Series, point: HistoryPoint): Series {
  const last = series.at(-1);
  if (last === undefined || point.at <= last.at) return mergeSeries(series, [point]);
  return [...series.filter((p) => p.at > point.at - WINDOW_MS), point];
}

/** What a chart draws of a point; null draws nothing. */
export type Pick = (point: HistoryPoint) => number | null;

/**
 * Columns for a chart: seconds since the epoch, then one column per pick. Where points are missing (the instance was
 * down or not reachable) a row of nulls is put in, so that no line pretends to know what happened between.
 */
export function columns(series: Series, picks: readonly Pick[]): (number | null)[][] {
  const table: (number | null)[][] = [[], ...picks.map(() => [])];
  let previous: HistoryPoint | undefined;
  for (const point of series) {
    if (previous !== undefined && point.at - previous.at > 3 * Math.max(previous.stepMs, point.stepMs)) {
      addRow(
        table,
        (previous.at + point.at) / 2,
        picks.map(() => null),
      );
    }
    addRow(
      table,
      point.at,
      picks.map((pick) => pick(point)),
    );
    previous = point;
  }
  return table;
}

function addRow(table: (number | null)[][], at: number, values: (number | null)[]): void {
  table[0]?.push(at / 1000);
  values.forEach((value, i) => table[i + 1]?.push(value));
}
