import { z } from 'zod';

/** Each day from one minute of the day (local time) to another; beyond midnight when `to` is not after `from`. */
export const DejournalSchedule = z.object({ from: z.int().min(0).max(1439), to: z.int().min(0).max(1439) });
export type DejournalSchedule = z.infer<typeof DejournalSchedule>;

/** What an operator has set for dejournaling on an async member. Kept in its record. */
export const DejournalSetting = z.object({
  /** Never ends by itself. */
  paused: z.boolean(),
  /** null: continuous */
  schedule: DejournalSchedule.nullable(),
});
export type DejournalSetting = z.infer<typeof DejournalSetting>;

export const continuous: DejournalSetting = { paused: false, schedule: null };

/** Why nothing is dejournaled now, as the status says it; null: it is. */
export type DejournalHalt = 'operator' | 'error' | 'schedule' | null;

/** @param failed an error has paused it  @param minute of the day, local time */
export function dejournalHalt({ paused, schedule }: DejournalSetting, failed: boolean, minute: number): DejournalHalt {
  if (paused) return 'operator';
  if (failed) return 'error';
  return schedule === null || isWithin(schedule, minute) ? null : 'schedule';
}

function isWithin({ from, to }: DejournalSchedule, minute: number): boolean {
  return from < to ? minute >= from && minute < to : minute >= from || minute < to;
}

/** Minute of the day in local time, of ms since the epoch. */
export function minuteOf(wallMs: number): number {
  const at = new Date(wallMs);
  return at.getHours() * 60 + at.getMinutes();
}
