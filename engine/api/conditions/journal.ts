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
  TAIL_DROPPED: {
    severity: 2,
    title: 'Journal data that never became durable in the mirror was set aside',
    means: 'No client was told that it is safe, and no database contains it. It is kept in a side file.',
    facts: ['file'],
    todo: 'Keep the side file until you know that nobody needs it.',
  },
});
