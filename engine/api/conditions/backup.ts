import { table } from './condition.ts';

/** What a member finds that is not primary: following one, losing it, looking for one. */
export const backupConditions = table({
  BACKUP: {
    severity: 1,
    title: 'This member is the backup',
    means: 'It is connected to the primary and receives the journal.',
    facts: ['primary', 'epoch'],
    todo: '',
  },
  ACTIVE: {
    severity: 0,
    title: 'This backup is active',
    means: 'It has everything the primary has acknowledged, and may take over by itself.',
    facts: ['period'],
    todo: '',
  },
  PRIMARY_LOST: {
    severity: 2,
    title: 'The connection to the primary is lost',
    means: 'This member tests the arbiter and the primary’s agent at once, and takes over if it may.',
    facts: ['why', 'active'],
    todo: 'Look at the other member and its host.',
  },
  CANNOT_TAKE_OVER: {
    severity: 2,
    title: 'This member cannot take over',
    means: 'No failover is set, or a mirrored database here is not mounted, not active, or not dejournaled. Nothing is lost.',
    facts: ['why'],
    todo: 'Remove the cause (see gemel mirror status), then gemel mirror try-primary.',
  },
  WAITING: {
    severity: 2,
    title: 'This member waits',
    means: 'It cannot know whether it has the newest data, so it becomes neither primary nor backup and keeps asking. Nothing is lost.',
    facts: ['why'],
    todo: 'Start the other failover member, or its host’s agent. If that host will not come back: gemel mirror force-primary, which first says what may be lost.',
  },
  PROMISED: {
    severity: 1,
    title: 'This member lets the other one become primary',
    means: 'The other member has the newer journal. The promise is kept on disk until the other has been primary or gives it back.',
    facts: ['to', 'above'],
    todo: '',
  },
  LATE_MESSAGE: {
    severity: 0,
    title: 'A message came too late',
    means: 'It belongs to a state this member has left, and was ignored.',
    facts: ['message'],
    todo: '',
  },
  PEER_REFUSED: {
    severity: 2,
    title: 'The other failover member refused the connection',
    means: 'It is of another version, of another mirror, or does not know this member. Nothing was changed.',
    facts: ['code', 'reason'],
    todo: 'Bring both members to the same version, or join this one anew.',
  },
  CANNOT_FOLLOW: {
    severity: 2,
    title: 'This member cannot follow the primary',
    means: 'Its journal or a database holds data that the primary’s history does not. Nothing here was changed.',
    facts: ['reason'],
    todo: 'Rebuild this member from the primary.',
  },
  PEER_MALFORMED: {
    severity: 2,
    title: 'The other failover member sent something that is no message',
    means: 'The connection was closed, which counts as its loss. Nothing of what was sent was used.',
    facts: ['from', 'why'],
    todo: 'See that both members are of the same version and that nothing else uses the address; then look at the network between them.',
  },
});
