import { table } from './condition.ts';

/** The arbiter and the failover mode. */
export const arbiterConditions = table({
  ARBITER_LOST: {
    severity: 2,
    title: 'The connection to the arbiter is lost',
    means: 'The failover members go on in agent controlled mode: if the primary’s whole host fails, nobody takes over by itself.',
    facts: ['arbiter'],
    todo: 'Look at the arbiter’s host and the network to it. The connection is tried again by itself.',
  },
  ARBITER_UNREACHABLE: {
    severity: 2,
    title: 'The arbiter cannot be reached again',
    means: 'Connecting anew has failed; it is tried again and again. Until then failover works in agent controlled mode.',
    facts: ['arbiter', 'why'],
    todo: 'Start the agent on the arbiter’s host, or name another arbiter: gemel mirror edit INSTANCE --arbiter HOST:PORT.',
  },
  ARBITER_MALFORMED: {
    severity: 2,
    title: 'The arbiter sent something that is no message',
    means: 'The connection was closed, which counts as its loss. Nothing of what was sent was used.',
    facts: ['arbiter', 'why'],
    todo: 'See that an agent of a fitting version answers at that address.',
  },
  ARBITER_CONTROLLED: {
    severity: 0,
    title: 'Arbiter controlled mode',
    means: 'All three are connected and the backup is active: the arbiter decides if the failover members lose each other.',
    facts: ['generation'],
    todo: '',
  },
  AGENT_CONTROLLED: {
    severity: 0,
    title: 'Agent controlled mode',
    means: 'The agents of the failover members’ hosts decide: a backup needs the word of the primary’s agent to take over.',
    facts: ['generation'],
    todo: '',
  },
});
