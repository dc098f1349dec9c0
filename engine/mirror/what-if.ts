import { conditions } from '../api/conditions.ts';
import { GemelError } from '../api/errors.ts';
import type { WhatIf } from '../api/status.ts';
import { agentAddresses, askAgent } from './agent-client.ts';
import { situationOf, whatIf } from './failover/index.ts';
import type { Member } from './membership.ts';
import type { Mirror } from './mirror.ts';

/** How long an agent may take to say that it is there, ms. */
const AGENT_MS = 2000;

/**
 * What would happen to the mirror as it stands now, for each outage an administrator asks about. Both agents are asked
 * from here whether they are there. Throws REFUSED when this member knows of no operating primary.
 */
export async function whatIfNow(mirror: Mirror): Promise<WhatIf[]> {
  const { self, partner } = mirror;
  const [own, theirs] = await Promise.all([agentAnswers(mirror, self), partner === null ? false : agentAnswers(mirror, partner)]);
  const isPrimary = mirror.state.role.is === 'primary';
  const agents = isPrimary ? { ofPrimary: own, ofBackup: theirs } : { ofPrimary: theirs, ofBackup: own };
  const situation = situationOf(mirror.state, { canTakeOver: mirror.options.host.cannotTakeOver() === null }, agents);
  if (situation === null) {
    throw nothingForetold(mirror);
  }
  const names = isPrimary ? { primary: self.name, backup: partner?.name ?? '' } : { primary: partner?.name ?? '', backup: self.name };
  return whatIf(situation).map((each) => ({
    ...each,
    why: [...each.why],
    primary: each.primary === null ? null : names[each.primary],
  }));
}

function nothingForetold({ state: { role } }: Mirror): GemelError {
  const code = role.is !== 'primary' ? 'NO_PRIMARY_KNOWN' : role.frozen === null ? 'IN_TROUBLE' : 'JOURNAL_FROZEN';
  const what = {
    NO_PRIMARY_KNOWN: 'No primary that operates is known here, so nothing can be foretold.',
    IN_TROUBLE: 'This primary is in trouble: what comes of that has to be decided before anything else can be foretold.',
    JOURNAL_FROZEN: 'The journal of this primary cannot be written: it is frozen, so nothing can be foretold.',
  };
  const { means, todo } = conditions[code];
  return new GemelError('REFUSED', what[code], means, todo, { code, facts: { role: role.is } });
}

async function agentAnswers(mirror: Mirror, member: Member): Promise<boolean> {
  const { io, net, record } = mirror.options;
  const question = { t: 'ask', mirror: mirror.membership.guid, member: member.guid, asker: record.self, grantAbove: null } as const;
  try {
    await askAgent({ net, clock: io.clock }, agentAddresses(member), question, AGENT_MS);
    return true;
  } catch (error) {
    if (!(error instanceof GemelError)) throw error;
    return false;
  }
}
