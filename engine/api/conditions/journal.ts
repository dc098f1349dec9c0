import { table } from './condition.ts';

/** Journal data that cannot be written, kept or used. */
export const journalConditions = table({
  JOURNAL_ERROR: {
    severity: 2,
    title: 'A journal cannot be written',
    means: 'Nothing more is taken that would need it. Everything acknowledged is safe.',
    facts: ['why'],
    todo: 'Make room on the disk or repair it, then restart the instance.',
  },
  JOURNAL_NOT_KEPT: {
    severity: 2,
    title: 'Journal data from the primary cannot be kept here',
    means: 'This member’s journal cannot be written. It no longer counts as active; the primary works on without it.',
    facts: ['why'],
    todo: 'Make room on the disk or repair it; the connection is made anew by itself.',
  },
  RECORD_ERROR: {
    severity: 3,
    title: 'The durable record of this member cannot be written',
    means: 'Nothing may be decided that would not be found again after a crash, so the instance ends. Nothing acknowledged is lost.',
    facts: ['why'],
    todo: 'Make room on the disk of the instance’s mgr directory or repair it, then start the instance.',
  },
  JOURNAL_LOG_ERROR: {
    severity: 1,
    title: 'A journal’s log could not be written',
    means: 'The journal itself is not affected.',
    facts: ['why'],
    todo: 'Make room on the disk of the instance’s mgr directory.',
  },
  JOURNAL_REFUSED: {
    severity: 2,
    title: 'Journal data from the primary was refused',
    means: 'It does not continue what this member has. The connection is made anew and the data asked for again.',
    facts: ['why'],
    todo: 'If it comes again, look at the disk and the network of both members, and rebuild this one.',
  },
  REWOUND: {
    severity: 2,
    title: 'Updates that the mirror does not have were taken back',
    means:
      'Another member became primary without them. The mirrored databases are as they were where the histories part, and what was taken back is kept in side files and a report.',
    facts: ['file'],
    todo: 'See what was lost: gemel mirror lost show. Keep the side files until you know that nobody needs them.',
  },
  LOST_UPDATES: {
    severity: 2,
    title: 'Updates that only this member had are not in the mirror',
    means: 'Each of them is in a report, with its old and new value; what became of the node on the primary is shown with it.',
    facts: ['report', 'updates'],
    todo: 'gemel mirror lost show; what is to be done again: gemel mirror lost replay.',
  },
  REWIND_STUCK: {
    severity: 2,
    title: 'The mirrored databases could not be rewound yet',
    means:
      'A rewinding that was begun is not finished: nobody reads the mirrored databases until it is. It is tried again when this member finds a primary.',
    facts: ['code'],
    todo: 'Remove what the line says keeps it from being done, or rebuild this member: gemel mirror rebuild.',
  },
  INCONSISTENT_DETAIL: {
    severity: 1,
    title: 'What does not agree between this member and its mirror',
    means: 'It is why the next line says that this member has to be rebuilt. Nothing here was changed.',
    facts: ['mirror'],
    todo: '',
  },
  INCONSISTENT: {
    severity: 2,
    title: 'The data of this member does not agree with its mirror’s',
    means:
      'Its history and the primary’s part where this member cannot be taken back to. It takes no part in the mirror and nobody reads its mirrored databases; also after a restart.',
    facts: ['mirror'],
    todo: 'Make sure that the primary has the data that is wanted, then: gemel mirror rebuild. Nothing is deleted by that.',
  },
  REBUILD_BEGUN: {
    severity: 1,
    title: 'This member is being rebuilt',
    means:
      'Its mirrored databases and its journal of the mirror are set aside, and it gets everything from the primary. It goes on after a crash.',
    facts: ['name'],
    todo: '',
  },
  REBUILT: {
    severity: 1,
    title: 'This member was built anew',
    means: 'It joins the mirror with empty databases and takes the journal from their beginning. Nothing of what it had was deleted.',
    facts: ['name'],
    todo: '',
  },
  TAIL_DROPPED: {
    severity: 2,
    title: 'Journal data that never became durable in the mirror was set aside',
    means: 'No client was told that it is safe, and no database contains it. It is kept in a side file.',
    facts: ['file'],
    todo: 'Keep the side file until you know that nobody needs it.',
  },
});
