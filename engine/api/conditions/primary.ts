import { table } from './condition.ts';

/** What a primary finds: its backup, trouble, and the end of its time as primary. */
export const primaryConditions = table({
  PRIMARY: {
    severity: 2,
    title: 'This member is primary',
    means: 'It has become primary in a new epoch and is open for users.',
    facts: ['epoch', 'right'],
    todo: 'Nothing. If it was not expected, find out in messages.log of the other member why it is no longer primary.',
  },
  BACKUP_CONNECTED: {
    severity: 0,
    title: 'The backup has connected',
    means: 'It receives the journal it lacks; commits do not wait for it yet.',
    facts: ['backup'],
    todo: '',
  },
  BACKUP_ACTIVE: {
    severity: 0,
    title: 'The backup is active',
    means: 'Commits wait for its acknowledgement, so it has everything that was acknowledged to a client.',
    facts: ['backup', 'period'],
    todo: '',
  },
  BACKUP_LOST_INACTIVE: {
    severity: 1,
    title: 'The connection to a backup that was not active is lost',
    means: 'This member works on; nothing waited for that backup.',
    facts: ['backup', 'why'],
    todo: 'Find out why the backup went away and start it again: until it is active nobody can take over without asking this host.',
  },
  PRIMARY_IN_TROUBLE: {
    severity: 2,
    title: 'The primary is in trouble',
    means:
      'The active backup was lost. Nothing becomes durable and no update is answered until it is certain that it does not take over. Everything acknowledged is on both members.',
    facts: ['backup', 'why', 'until'],
    todo: 'Nothing for up to three times the QoS timeout. If it lasts: restore the connection to the backup or the arbiter; or, once certain that the other member is down and never became primary, gemel mirror resume-primary.',
  },
  PRIMARY_RESUMES: {
    severity: 1,
    title: 'The primary works on',
    means: 'It is certain that the lost backup does not take over. Commits no longer wait for it.',
    facts: ['why'],
    todo: 'Bring the backup back: until it is active a failover needs this host’s agent.',
  },
  BACKUP_TAKES_OVER: {
    severity: 2,
    title: 'The arbiter has let the backup take over',
    means:
      'This member stays in trouble until it hears from the new primary, and then stops. Nothing it had not acknowledged becomes durable.',
    facts: ['generation'],
    todo: 'When the connection is back this member stops by itself; start it again, it joins as backup.',
  },
  SUPERSEDED: {
    severity: 2,
    title: 'Another member is primary',
    means: 'This member has met a newer epoch and stops being primary at once. Nothing it had not acknowledged becomes durable.',
    facts: ['mine', 'theirs'],
    todo: 'Start this instance again; it joins the mirror as backup.',
  },
  HAND_OVER: {
    severity: 1,
    title: 'The backup is asked to take over',
    means: 'Everything taken is durable on both members; this member does not act as primary again in this epoch.',
    facts: ['epoch', 'position'],
    todo: '',
  },
  HAND_OVER_UNCONFIRMED: {
    severity: 2,
    title: 'The backup did not confirm that it takes over',
    means: 'This member does not act as primary again before it knows what the other one did. Nothing acknowledged is lost.',
    facts: ['epoch'],
    todo: 'Look at the other member. If neither becomes primary, see its messages.log and gemel mirror try-primary.',
  },
  STOP_WITHOUT_TAKEOVER: {
    severity: 1,
    title: 'The primary stops and nobody takes over',
    means: 'The mirror has no primary until this member, or the other one with what this host has, becomes primary again.',
    facts: ['refusal'],
    todo: 'Start this instance again, or its host’s agent at least, so that the other member can fetch what it lacks.',
  },
  NO_FAILOVER_SET: {
    severity: 1,
    title: 'No failover is set',
    means: 'The backup does not take over, whatever happens, until this is cleared or the primary restarts.',
    facts: ['epoch'],
    todo: 'gemel mirror clear-nofailover, on either failover member.',
  },
  NO_FAILOVER_CLEARED: {
    severity: 1,
    title: 'No failover is cleared',
    means: 'The backup may take over again.',
    facts: ['epoch'],
    todo: '',
  },
  ISOLATED: {
    severity: 2,
    title: 'Primary cut off from backup and arbiter',
    means:
      'This member must expect that the backup takes over: it stays in trouble without limit and gives up the virtual address. Nothing acknowledged is lost.',
    facts: [],
    todo: 'Restore the connection to the backup or the arbiter. If the other member is certainly down and never became primary: gemel mirror resume-primary. If you cannot be certain, stop this instance and force the other member.',
  },
  HUNG: {
    severity: 2,
    title: 'This member stood still and hands over',
    means:
      'Its executor or its journal’s disk stood still for longer than half the QoS timeout; the active backup takes over, nothing acknowledged is lost.',
    facts: ['stalledMs', 'limitMs'],
    todo: 'Find out what held the host up (paused machine, swapping, a slow disk) before you hand back.',
  },
  HUNG_STAYS: {
    severity: 2,
    title: 'This member stood still and works on',
    means: 'It stood still for longer than half the QoS timeout, but nobody can take over now.',
    facts: ['stalledMs', 'reason'],
    todo: 'Find out what held the host up, and why no backup is ready (gemel mirror status).',
  },
  JOURNAL_FAILED: {
    severity: 2,
    title: 'The mirror’s journal cannot be written',
    means: 'This primary takes no more updates. Everything acknowledged is safe; an active backup is asked to take over.',
    facts: ['why', 'file', 'offset'],
    todo: 'Make room on the journal’s disk or repair it, then start this instance again; it joins as backup.',
  },
  JOURNAL_FROZEN: {
    severity: 2,
    title: 'The primary is frozen by its journal',
    means:
      'Its journal cannot be written and no active backup can take over: it takes no updates and stays as it is. Everything acknowledged is safe here.',
    facts: ['why', 'backup'],
    todo: 'Make room on the journal’s disk or repair it, then restart this instance. It alone has everything: do not force the other member while that is possible.',
  },
  RESUMED_BY_OPERATOR: {
    severity: 2,
    title: 'An operator lets this primary work on',
    means: 'The operator has confirmed that the other member is down and never became primary. A new epoch begins.',
    facts: ['backupIsDown', 'backupNeverBecamePrimary', 'backupHasNoNewerJournalFile', 'file'],
    todo: 'Start the other member when you can; it joins as backup.',
  },
});
