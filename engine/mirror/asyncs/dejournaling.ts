import type { DejournalHalt, DejournalSchedule, DejournalSetting } from '../../api/dejournaling.ts';

export const continuous: DejournalSetting = { paused: false, schedule: null };

/** @param failed an error has paused it  @param minute of the day, local time  @param filterStops a dejournal filter cannot be asked */
export function dejournalHalt({ paused, schedule }: DejournalSetting, failed: boolean, minute: number, filterStops = false): DejournalHalt {
  if (paused) return 'operator';
  if (filterStops) return 'filter';
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
