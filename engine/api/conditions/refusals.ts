import { table } from './condition.ts';

const nothing = 'Nothing was changed.';

/** Why a command was refused. */
export const refusals = table({
  NOT_PRIMARY: {
    severity: 'refusal',
    title: 'This member is not primary',
    means: nothing,
    facts: ['role'],
    todo: 'Give the command on the primary.',
  },
  ARBITER_ON_MEMBER_HOST: {
    severity: 'refusal',
    title: 'The arbiter is on the host of a failover member',
    means: nothing,
    facts: ['arbiter', 'member'],
    todo: 'Use an agent on a host of its own (for a trial on one computer: --arbiter-on-member-host).',
  },
});
