import type { JournalForecast, JournalView } from '../../api/journals.ts';

const dayMs = 86_400_000;
const hourMs = 3_600_000;
/** The rate is that of the last day, or of what there is. */
const windowMs = dayMs;
const horizonMs = 3650 * dayMs;

/** Bytes of a file that were written within the window, taking its bytes as evenly spread over its time. */
function bytesSince({ firstRecord, lastRecord, size }: JournalView['files'][number], sinceMs: number): number {
  if (firstRecord === null || lastRecord === null) return 0;
  const [first, last] = [Date.parse(firstRecord), Date.parse(lastRecord)];
  if (last < sinceMs) return 0;
  if (first >= sinceMs || last <= first) return size;
  return (size * (last - sinceMs)) / (last - first);
}

/** When the disk of the journals is full. @param days after which files go for their age; null: never */
export function forecast(
  journals: readonly JournalView[],
  freeBytes: number,
  days: number | null,
  nowMs: number,
): Omit<JournalForecast, 'notKeptFor'> {
  const files = journals.flatMap((journal) => journal.files);
  const begins = files.flatMap(({ firstRecord }) => (firstRecord === null ? [] : [Date.parse(firstRecord)]));
  // What has just begun says little: never less than an hour.
  const spanMs = Math.min(windowMs, Math.max(hourMs, nowMs - Math.min(nowMs, ...begins)));
  const bytes = files.reduce((sum, file) => sum + bytesSince(file, nowMs - spanMs), 0);
  const bytesPerDay = (bytes * dayMs) / spanMs;
  const sizeOf = (of: (file: (typeof files)[number]) => boolean): number => files.filter(of).reduce((sum, { size }) => sum + size, 0);
  const purgeableBytes = sizeOf(({ purgeable }) => purgeable === true);
  const agingBytes = sizeOf(({ kept }) => kept.length > 0 && kept.every(({ code }) => code === 'setting' || code === 'older'));
  const holding = new Set(
    files.flatMap(({ kept }) =>
      kept.some(({ code }) => code === 'setting' || code === 'in-use')
        ? []
        : kept.filter(({ code }) => code !== 'older').map(({ text }) => text),
    ),
  );
  const at = (afterMs: number): string | null => (afterMs > horizonMs ? null : new Date(nowMs + afterMs).toISOString());
  const untilFull = (room: number): number => (bytesPerDay <= 0 ? Number.POSITIVE_INFINITY : (Math.max(0, room) / bytesPerDay) * dayMs);
  // Once files go at the pace that they come, they take the room of as many days.
  const isSteady = days !== null && holding.size === 0 && days * bytesPerDay <= freeBytes + purgeableBytes + agingBytes;
  return {
    freeBytes,
    bytesPerDay: Math.round(bytesPerDay),
    overHours: Math.round((spanMs / hourMs) * 10) / 10,
    purgeableBytes,
    agingBytes,
    fullAt: at(untilFull(freeBytes)),
    fullAtWithPurge: isSteady ? null : at(untilFull(freeBytes + purgeableBytes + (days === null ? 0 : agingBytes))),
    holding: [...holding],
  };
}
