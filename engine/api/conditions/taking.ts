import { table } from './condition.ts';

/** What a member finds on its way to become primary. */
export const takingConditions = table({
  GRANTED: {
    severity: 2,
    title: 'The other member’s agent lets this member take over',
    means: 'It states that the instance is down, and has promised on disk that it will not be primary before this one.',
    facts: ['from', 'above'],
    todo: '',
  },
  VERDICT: {
    severity: 2,
    title: 'The arbiter lets this member take over',
    means: 'It has lost the primary too, so the primary can no longer act as one.',
    facts: ['generation'],
    todo: '',
  },
  TAKE_OVER_REQUESTED: {
    severity: 1,
    title: 'The primary asks this member to take over',
    means: 'It has stopped and everything it acknowledged is here.',
    facts: ['epoch', 'position'],
    todo: '',
  },
  EPOCH_BEGUN: {
    severity: 0,
    title: 'The journal is continued in a new epoch',
    means: 'Everything inherited is applied and open transactions of the former primary are rolled back.',
    facts: ['epoch', 'file', 'afterMs'],
    todo: '',
  },
  JOURNAL_FETCHED: {
    severity: 1,
    title: 'Missing journal data was fetched',
    means: 'It came from the agent of the member that is down.',
    facts: ['from', 'bytes'],
    todo: '',
  },
  BECOME_PRIMARY_FAILED: {
    severity: 2,
    title: 'Becoming primary failed',
    means: 'Nothing was opened to users and nothing is lost; this member waits and asks again.',
    facts: ['why'],
    todo: 'Remove the cause named, then gemel mirror try-primary.',
  },
});
