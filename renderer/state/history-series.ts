import type { HistoryPoint, LagPoint } from '../../main/contract/index.ts';
import type { Cell } from './export.ts';

/** What was recorded of one member in the stretch that is shown. */
export interface MemberHistory {
  readonly member: string;
  readonly points: readonly HistoryPoint[];
  readonly lags: readonly LagPoint[];
}

interface Stepped {
  readonly at: number;
  readonly stepMs: number;
}

/** A row of nulls breaks the lines after so many steps without a point. */
const GAP_STEPS = 3;

/**
 * Columns for one chart of several members: seconds since the epoch, then a column for each. Points of one step share a row. null breaks
 * the line: nothing is known there; undefined does not: only another member has a point in that row.
 */
export function joinColumns<P extends Stepped>(
  series: readonly (readonly P[])[],
  pick: (point: P) => number | null,
): (number | null | undefined)[][] {
  const rows = new Map<number, (number | null | undefined)[]>();
  const put = (at: number, column: number, value: number | null): void => {
    const row = rows.get(at) ?? series.map(() => undefined);
    row[column] = value;
    rows.set(at, row);
  };
  const newest = Math.max(...series.map((points) => points.at(-1)?.at ?? 0));
  series.forEach((points, column) => {
    let previous: P | undefined;
    for (const point of points) {
      if (previous !== undefined && point.at - previous.at > GAP_STEPS * Math.max(previous.stepMs, point.stepMs)) {
        put(stepStart(previous) + previous.stepMs, column, null);
      }
      put(stepStart(point), column, pick(point));
      previous = point;
    }
    // One that has fallen silent has no value now.
    if (previous !== undefined && newest - previous.at > GAP_STEPS * previous.stepMs)
      put(stepStart(previous) + previous.stepMs, column, null);
  });
  const times = [...rows.keys()].sort((a, b) => a - b);
  return [times.map((t) => t / 1000), ...series.map((_, column) => times.map((t) => rows.get(t)?.[column]))];
}

function stepStart({ at, stepMs }: Stepped): number {
  return Math.floor(at / stepMs) * stepMs;
}

/** The value of a column at a row or, where only others have one, the one before it within the same stretch of known values. */
export function valueAt(column: readonly (number | null | undefined)[], index: number): number | null {
  for (let i = index; i >= 0; i--) {
    const value = column[i];
    if (value !== undefined) return value;
  }
  return null;
}

const FIGURES = [
  'updatesPerS',
  'journalKBs',
  'latencyMsP50',
  'latencyMsP99',
  'latencyMsMax',
  'stallMsMax',
  'clients',
  'memoryMB',
] as const satisfies readonly (keyof HistoryPoint)[];
const LAGS = ['receivedMs', 'receivedBytes', 'dejournaledMs', 'dejournaledBytes'] as const satisfies readonly (keyof LagPoint)[];

/** Everything that the charts are drawn from, a row for each member and step. */
export function historyTable(members: readonly MemberHistory[]): { head: string[]; rows: Cell[][] } {
  const rows = members.flatMap(({ member, points, lags }) => {
    const steps = new Map<number, { point?: HistoryPoint; lag?: LagPoint }>();
    for (const point of points) steps.set(stepStart(point), { ...steps.get(stepStart(point)), point });
    for (const lag of lags) steps.set(stepStart(lag), { ...steps.get(stepStart(lag)), lag });
    return [...steps].map(([at, { point, lag }]): Cell[] => [
      new Date(at).toISOString(),
      member,
      (point ?? lag)?.stepMs ?? null,
      ...FIGURES.map((name) => point?.[name] ?? null),
      ...LAGS.map((name) => lag?.[name] ?? null),
    ]);
  });
  return { head: ['time', 'member', 'stepMs', ...FIGURES, ...LAGS], rows: rows.sort((a, b) => (String(a[0]) < String(b[0]) ? -1 : 1)) };
}
