import { table } from './condition.ts';

/** Async members: what they find themselves, and what the primary says of them. */
export const asyncConditions = table({
  ASYNC_CONNECTED: {
    severity: 0,
    title: 'An async member has connected',
    means: 'It receives the journal that is durable in the mirror; nothing waits for it.',
    facts: ['member', 'from'],
    todo: '',
  },
  ASYNC_LOST: {
    severity: 1,
    title: 'An async member is no longer connected',
    means: 'It keeps what it has and gets the rest when it is back. Nothing waits for it.',
    facts: ['member', 'why'],
    todo: '',
  },
  ASYNC_REFUSED: {
    severity: 1,
    title: 'An async member was refused',
    means: 'It is of another version, or does not belong to this mirror. Nothing was sent.',
    facts: ['from', 'why'],
    todo: '',
  },
  ASYNC_FOLLOWS: {
    severity: 0,
    title: 'This async member is connected to the primary',
    means: 'It receives the journal that is durable in the mirror.',
    facts: ['primary', 'epoch'],
    todo: '',
  },
  ASYNC_CAUGHT_UP: {
    severity: 0,
    title: 'This async member has caught up',
    means: 'It has all journal that is durable in the mirror, and gets more as it becomes so.',
    facts: ['primary'],
    todo: '',
  },
  ASYNC_ALONE: {
    severity: 2,
    title: 'This async member has lost the primary',
    means: 'Its databases stay as they are. It looks for the primary, whichever member that is, and goes on by itself.',
    facts: ['primary', 'why'],
    todo: 'Look after the failover members when it does not come back by itself.',
  },
  ASYNC_NOT_TAKEN: {
    severity: 2,
    title: 'The primary refused this async member',
    means: 'It is of another version, or the mirror does not have this member any more. Nothing here was changed.',
    facts: ['code', 'why'],
    todo: 'Bring both members to the same version, or join this one anew.',
  },
  DEJOURNALING_SET: {
    severity: 1,
    title: 'Dejournaling was set on this async member',
    means: 'Journal goes on coming in; when it is applied is as an operator has set it, also after a restart.',
    facts: ['set'],
    todo: '',
  },
  DEJOURNALING_PAUSED: {
    severity: 2,
    title: 'An error has paused dejournaling',
    means: 'No database of the mirror goes on on this reporting member, so that none is ahead of the other. Journal goes on coming in.',
    facts: [],
    todo: 'Mend what messages.log says of the database; then gemel mirror dejournal start. It is tried again when the member connects anew.',
  },
  FILTER_SET: {
    severity: 1,
    title: 'A dejournal filter was set',
    means: 'It says from now on which updates the read-write databases of this member take. It stays set when the instance restarts.',
    facts: ['file'],
    todo: '',
  },
  FILTER_CLEARED: {
    severity: 1,
    title: 'The dejournal filter was cleared',
    means: 'Read-write databases take every update again. What was left out before does not come back.',
    facts: ['file'],
    todo: '',
  },
  FILTER_FAILED: {
    severity: 2,
    title: 'The dejournal filter has stopped dejournaling',
    means:
      'It cannot be loaded, has thrown, gave no answer, or took too long. Nothing it was not asked about was applied to read-write databases; journal goes on coming in.',
    facts: ['file', 'why'],
    todo: 'Mend the file and set it again, or start dejournaling again (gemel mirror dejournal start), or clear the filter (gemel mirror filter clear).',
  },
  TYPE_CHANGED: {
    severity: 1,
    title: 'This async member is of another type',
    means: 'It goes on as that, with the databases it has.',
    facts: ['type', 'version'],
    todo: '',
  },
  PROMOTED: {
    severity: 1,
    title: 'This member was promoted',
    means: 'It is a failover member from now on and joins the primary as its backup.',
    facts: ['version'],
    todo: '',
  },
  DEMOTED: {
    severity: 1,
    title: 'This member was demoted',
    means: 'It is a disaster recovery async from now on; another member, or nobody, is the backup.',
    facts: ['version'],
    todo: '',
  },
  ASYNC_AHEAD_OF_PRIMARY: {
    severity: 2,
    title: 'That primary is an older one',
    means:
      'This member has journal of a newer epoch than the member that calls itself primary. It does not follow it, and nothing here was changed.',
    facts: ['primary', 'theirs', 'here'],
    todo: 'Look at both failover members: the one that is primary in the newer epoch is the right one.',
  },
});
