import { z } from 'zod';

const minute = z.int().min(0).max(1439);

/** Each day from one minute of the day (local time) to another; beyond midnight when `to` is not after `from`. */
export const DejournalSchedule = z.object({ from: minute, to: minute });
export type DejournalSchedule = z.infer<typeof DejournalSchedule>;

/** What an operator has set for dejournaling on an async member. */
export const DejournalSetting = z.object({
  /** Never ends by itself. */
  paused: z.boolean(),
  /** null: continuous */
  schedule: DejournalSchedule.nullable(),
});
export type DejournalSetting = z.infer<typeof DejournalSetting>;

/** Why nothing is dejournaled now; null: it is. */
export const DejournalHalt = z.enum(['operator', 'error', 'schedule']).nullable();
export type DejournalHalt = z.infer<typeof DejournalHalt>;

/** How dejournaling is set on an async member, and whether it goes on now. */
export const DejournalView = z.object({ halted: DejournalHalt, ...DejournalSetting.shape });
export type DejournalView = z.infer<typeof DejournalView>;

/** A schedule in words. */
export function scheduleText({ schedule }: Pick<DejournalSetting, 'schedule'>): string {
  return schedule === null ? 'continuous' : `each day from ${clockText(schedule.from)} to ${clockText(schedule.to)}`;
}

function clockText(minute: number): string {
  const two = (n: number): string => String(n).padStart(2, '0');
  return `${two(Math.floor(minute / 60))}:${two(minute % 60)}`;
}
