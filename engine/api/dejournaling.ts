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
export const DejournalHalt = z.enum(['operator', 'filter', 'error', 'schedule']).nullable();
export type DejournalHalt = z.infer<typeof DejournalHalt>;

/** How dejournaling is set on an async member, and whether it goes on now. */
export const DejournalView = z.object({ halted: DejournalHalt, ...DejournalSetting.shape });
export type DejournalView = z.infer<typeof DejournalView>;

/** The dejournal filter of a reporting member, and what it has cost since it was loaded. */
export const FilterView = z.object({
  /** null: none is set */
  file: z.string().nullable(),
  /** Why it has stopped dejournaling; null: it has not. */
  failed: z.string().nullable(),
  /** Updates that it was asked about, and of them those that it left out. */
  records: z.number(),
  refused: z.number(),
  /** Microseconds that dejournaling has waited for it, for each; null: it was not asked yet. */
  usPerRecord: z.number().nullable(),
});
export type FilterView = z.infer<typeof FilterView>;

/** Dejournaling goes on when a person sees to it. */
export function isStopped(halt: DejournalHalt): boolean {
  return halt === 'operator' || halt === 'filter' || halt === 'error';
}

/** A schedule in words. */
export function scheduleText({ schedule }: Pick<DejournalSetting, 'schedule'>): string {
  return schedule === null ? 'continuous' : `each day from ${clockText(schedule.from)} to ${clockText(schedule.to)}`;
}

function clockText(minute: number): string {
  const two = (n: number): string => String(n).padStart(2, '0');
  return `${two(Math.floor(minute / 60))}:${two(minute % 60)}`;
}
