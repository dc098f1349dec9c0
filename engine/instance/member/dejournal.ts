import type { DejournalView } from '../../api/dejournaling.ts';
import { GemelError } from '../../api/errors.ts';
import type { AsyncMember } from '../../mirror/index.ts';

/** What an operator does with dejournaling on an async member. `from` and `to` are minutes of the day, of `schedule` only. */
export async function dejournal(
  member: AsyncMember,
  action: 'pause' | 'start' | 'schedule' | 'continuous' | 'status',
  from: number | undefined,
  to: number | undefined,
): Promise<DejournalView> {
  const { dejournaler } = member;
  switch (action) {
    case 'pause':
      dejournaler.set({ ...dejournaler.setting, paused: true });
      break;
    case 'start':
      dejournaler.set({ ...dejournaler.setting, paused: false });
      await member.filtering.load();
      await dejournaler.mend();
      break;
    case 'schedule': {
      if (from === undefined || to === undefined)
        throw new GemelError('USAGE', 'A schedule has a beginning and an end.', 'Nothing was changed.', 'Give both, as HH:MM.');
      dejournaler.set({ ...dejournaler.setting, schedule: { from, to } });
      break;
    }
    case 'continuous':
      dejournaler.set({ ...dejournaler.setting, schedule: null });
      break;
    case 'status':
      break;
  }
  return { halted: dejournaler.halt, ...dejournaler.setting };
}
