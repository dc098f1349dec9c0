import { table } from './condition.ts';

/** Journal files that are kept, purged or restored. */
export const journalFileConditions = table({
  JOURNAL_ALTERNATE: {
    severity: 2,
    title: 'A journal goes on in the alternate directory',
    means:
      'Its own directory could not be written. Nothing is lost and updates go on; journal files are in both directories, and both are needed.',
    facts: ['file', 'code'],
    todo: 'Look at the disk of the journal directory: free space or mend it. The next journal file is made there again as soon as that works: gemel journal switch.',
  },
  JOURNAL_BACK: {
    severity: 1,
    title: 'A journal is written in its own directory again',
    means: 'Files that were written to the alternate directory stay there until they are purged.',
    facts: ['file'],
    todo: 'Nothing. Keep the alternate directory where it is.',
  },
  JOURNAL_ALTERNATE_FAILED: {
    severity: 2,
    title: 'A journal can be written neither in its own nor in the alternate directory',
    means:
      'What is acknowledged is safe. A primary freezes updates or hands over, as without an alternate directory; another member falls behind.',
    facts: ['file', 'code'],
    todo: 'Free space on the disks of both directories or mend them, then restart the instance.',
  },
  JOURNAL_ALTERNATE_UNUSABLE: {
    severity: 2,
    title: 'The alternate directory for journals cannot be used',
    means: 'The instance works without it: when its journal directory cannot be written, updates freeze.',
    facts: ['directory'],
    todo: 'Do what the message says, or change [Journal] AlternateDirectory in gemel.cpf, then restart the instance.',
  },
  BACKUP_NOT_COUNTED: {
    severity: 1,
    title: 'A backup is not counted',
    means: 'The backup is whole. That it was taken could not be noted, so journal files before it stay until as many others were taken.',
    facts: ['backup', 'code'],
    todo: 'Look at the disk of the mgr directory; the next backup is noted again.',
  },
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
