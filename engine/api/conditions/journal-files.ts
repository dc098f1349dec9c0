import { table } from './condition.ts';

/** Journal files that are kept, purged or restored. */
export const journalFileConditions = table({
  PURGE_FAILED: {
    severity: 1,
    title: 'Journal files could not be purged',
    means: 'Files that nobody needs stay. It is tried again after the next switch, and each day.',
    facts: ['code'],
    todo: 'Look at the disk and the rights of the journal directory; gemel journal purge tries again at once.',
  },
  ASYNC_NOT_KEPT_FOR: {
    severity: 1,
    title: 'Journal files are no longer kept for an async member',
    means:
      'It was away for longer than [Journal] DaysForLostAsync. When it comes back and a file that it needs is gone, it is told so and cannot follow.',
    facts: ['member', 'since'],
    todo: 'Start it while the files are still there, or rebuild it later. Remove it from the mirror if it does not come back.',
  },
});
