import { table } from './condition.ts';

/** What a member finds on its way to become primary. */
export const takingConditions = table({
  GRANTED: {
    severity: 2,
    title: 'The other member’s agent lets this member take over',
    means: 'It states that the instance is down, and has promised on disk that it will not be primary before this one.',
    facts: ['from', 'above'],
    todo: 'Find out why the former primary went away, then start it again; it joins as backup.',
  },
  VERDICT: {
    severity: 2,
    title: 'The arbiter lets this member take over',
    means: 'It has lost the primary too, so the primary can no longer act as one.',
    facts: ['generation'],
    todo: 'Find out why the former primary went away, then start it again; it joins as backup.',
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
  JOURNAL_COPIED: {
    severity: 1,
    title: 'Journal files were copied to this member',
    means: 'They are whole and go on from what this member had; they are its own from now on.',
    facts: ['file', 'offset'],
    todo: '',
  },
  BECOME_PRIMARY_FAILED: {
    severity: 2,
    title: 'Becoming primary failed',
    means: 'Nothing was opened to users and nothing is lost; this member waits and asks again.',
    facts: ['why'],
    todo: 'Remove the cause named, then gemel mirror try-primary.',
  },
  HOOK_SAID_NO: {
    severity: 2,
    title: 'A hook keeps this member from becoming primary',
    means:
      'CanNodeStartToBecomePrimary or CheckBecomePrimaryOK of ZMIRROR.mjs said no, failed, or took too long. It is asked again every 30 seconds.',
    facts: ['hook', 'why'],
    todo: 'Correct ZMIRROR.mjs or what it looks at. gemel mirror force-primary passes CanNodeStartToBecomePrimary.',
  },
  VETOED: {
    severity: 2,
    title: 'Somebody knows better',
    means: 'A member, agent or arbiter that was reached knows a newer primary or membership: this member does not become primary.',
    facts: ['known', 'mine', 'by'],
    todo: 'Nothing; it joins the newer primary. If it does not, look at that member.',
  },
  VIP_RETRIED: {
    severity: 2,
    title: 'The virtual address cannot be bound yet',
    means: 'It is tried again.',
    facts: ['why', 'epoch'],
    todo: 'See whether another host answers to the address, and whether the interface of this one is up.',
  },
  VIP_NOT_BOUND: {
    severity: 2,
    title: 'The virtual address could not be bound',
    means: 'This member has stopped becoming primary and waits for an operator. Nothing is lost.',
    facts: ['why', 'epoch'],
    todo: 'Free the address or repair the interface, then gemel mirror try-primary.',
  },
  RIGHT_GIVEN_BACK: {
    severity: 2,
    title: 'This member gives the right to be primary back',
    means: 'It could not finish becoming primary, and the other member can.',
    facts: ['right', 'why', 'to'],
    todo: 'Remove the cause named before this member has to take over again.',
  },
  FORCE_BEGUN: {
    severity: 2,
    title: 'An operator forces this member to become primary',
    means: 'The ordinary way is tried for 60 seconds first.',
    facts: ['wasActive', 'wasPrimary', 'journalEpoch', 'file', 'offset', 'waitMs'],
    todo: 'Keep the former primary down while it lasts.',
  },
  FORCED: {
    severity: 2,
    title: 'This member becomes primary by an operator’s word',
    means: 'What the former primary wrote beyond the position told and this member never had is not in the mirror any more.',
    facts: ['wasActive', 'wasPrimary', 'journalEpoch', 'file', 'offset'],
    todo: 'Start the other member when you can. If it cannot follow, rebuild it from this one.',
  },
});
