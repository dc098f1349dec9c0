import { table } from './condition.ts';

/** Backups, restores, and files that are frozen for snapshots. */
export const copyConditions = table({
  DATABASE_RESTORED: {
    severity: 1,
    title: 'A database was restored from a backup',
    means: 'Its file is that of the backup. A copy of a mirror goes on from there by itself.',
    facts: ['database', 'position'],
    todo: '',
  },
  RESTORED_BEHIND: {
    severity: 2,
    title: 'A restored database cannot catch up now',
    means:
      'The mirror’s journal on this member does not go on from where the backup stands. The database was restored and shows the backup’s state.',
    facts: ['database', 'position'],
    todo: 'Connect the member to its mirror; the database goes on by itself when the journal has arrived. Else restore a newer backup.',
  },
  RESTORE_OTHER_MIRROR: {
    severity: 'refusal',
    title: 'The backup is of another mirror of the same name',
    means: 'Its journal has nothing to do with that of the mirror here.',
    facts: ['mirror', 'database'],
    todo: 'Restore it on an instance that is not in a mirror of that name.',
  },
  RESTORE_OTHER_GENERATION: {
    severity: 'refusal',
    title: 'The mirror no longer has the database of the backup',
    means: 'It was removed from the mirror, or made anew, since the backup.',
    facts: ['mirror', 'database'],
    todo: 'Restore it on an instance outside of the mirror to read it.',
  },
  RESTORE_ON_PRIMARY: {
    severity: 'refusal',
    title: 'A mirrored database cannot be restored on the primary',
    means: 'It would take the database back on this member alone, or the whole mirror with it.',
    facts: ['mirror', 'database'],
    todo: 'Restore it on another member; or outside of the mirror, and copy what is needed from there.',
  },
  RESTORE_ROLE_CHANGING: {
    severity: 'refusal',
    title: 'The member is between two roles',
    means: 'While it may become primary none of its databases is replaced.',
    facts: ['mirror', 'database'],
    todo: 'Try again when it is backup or async.',
  },
  RESTORE_FORKED: {
    severity: 'refusal',
    title: 'The backup has updates that the mirror has given up',
    means: 'It is from a member whose journal parted from the mirror’s, for example at an operator’s force.',
    facts: ['mirror', 'database'],
    todo: 'Use a backup from before that.',
  },
  RESTORE_JOURNAL_GONE: {
    severity: 'refusal',
    title: 'The journal that the backup needs is gone here',
    means: 'The database could never catch up.',
    facts: ['mirror', 'database', 'needed', 'first'],
    todo: 'Use a newer backup, or bring the journal files back.',
  },
  DATABASES_FROZEN: {
    severity: 1,
    title: 'Database files get no writes for a while',
    means: 'Something else may make a snapshot of them. Updates go on in memory and in the journal; when memory is full they wait.',
    facts: ['databases', 'timeoutMs'],
    todo: 'Thaw them soon: gemel db thaw. Updates that wait for long may cause a failover.',
  },
  DATABASES_THAWED: {
    severity: 1,
    title: 'Database files get writes again',
    means: 'What came meanwhile is brought into them.',
    facts: ['databases', 'by'],
    todo: '',
  },
  DATABASES_THAWED_LATE: {
    severity: 2,
    title: 'The time for a snapshot was over',
    means: 'The database files get writes again, without gemel db thaw. A snapshot that was not complete by then is of no use.',
    facts: ['databases'],
    todo: 'Make the snapshot again, with a longer --timeout.',
  },
  FREEZE_BROKEN: {
    severity: 2,
    title: 'Frozen database files were written to',
    means: 'A takeover, a restore or a removal did not wait for the snapshot. The databases are sound.',
    facts: ['databases'],
    todo: 'Make the snapshot again.',
  },
});
