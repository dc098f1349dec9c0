import { conditionOf } from '../../../api/conditions.ts';
import { GemelError } from '../../../api/errors.ts';
import { agentAddresses, askAgent } from '../../agent-client.ts';
import { newDurable, type Refusal } from '../../failover/index.ts';
import { failoverMembers, memberOf, withInterface, type Member, type Membership } from '../../membership.ts';
import type { AsyncMember } from '../async-member.ts';
import { exchangeNews } from '../news.ts';
import { tellAgent } from './tell.ts';
import { choosePartner, type Found, type Survey, type Wish } from './choose.ts';

/** What came of a promotion while no primary operates. */
export interface Promoted {
  /** Name; null: none. */
  readonly partner: string | null;
  /** Former failover members whose agents could not be told: ValidatedMember=0 has to be set there by hand before they start. */
  readonly byHand: readonly string[];
}

/**
 * A disaster recovery member becomes a failover member although no primary operates: everybody is asked, a partner chosen, the
 * agents of the former failover members bound to the new roles, and then this member's own record changed. Throws REFUSED with a
 * condition: nothing was changed, or what was changed already agrees with what the next attempt does.
 * @param dryRun it ends with the choice: nobody is bound and nothing changed
 */
export async function promoteAlone(
  member: AsyncMember,
  wish: Wish,
  { vipInterface, dryRun = false }: { readonly vipInterface?: string | undefined; readonly dryRun?: boolean } = {},
): Promise<Promoted> {
  const before = member.membership;
  const survey = await look(member);
  if (member.membership.version !== before.version)
    throw refused({
      code: 'MIRROR_CHANGED',
      text: 'The mirror has been changed, as another member knew.',
      facts: { version: member.membership.version },
    });
  const choice = choosePartner(survey, wish);
  if ('refused' in choice) throw refused(choice.refused);
  const { partner, newest } = choice;
  if (dryRun) return { partner: partner?.name ?? null, byHand: survey.failover.filter((each) => !canBeTold(each)).map(({ name }) => name) };
  const membership = withInterface(withRoles(before, member.self.guid, partner?.guid ?? null), member.self.guid, vipInterface);
  const untold = await bindAgents(member, survey.failover, membership);
  if (member.membership.version !== before.version)
    throw refused({ code: 'MIRROR_CHANGED', text: 'The mirror was changed meanwhile.', facts: { version: member.membership.version } });
  member.changes.becomeFailover(membership, {
    ...newDurable,
    seen: newest,
    // What this member was in earlier times does not count.
    validated: false,
    promotion: partner === null ? { isHeld: wish.isHeld } : null,
  });
  return { partner: partner?.name ?? null, byHand: untold };
}

async function look(member: AsyncMember): Promise<Survey> {
  const { membership, self, options } = member;
  const timeoutMs = Math.max(500, membership.qosMs / 2);
  const env = { net: options.net, clock: options.io.clock, timeoutMs };
  await requireOwnAgent(member, timeoutMs);
  const others = membership.members.filter(({ guid }) => guid !== self.guid);
  const failover = failoverMembers(membership);
  const [roles, agents] = await Promise.all([
    Promise.all(
      others.map(async (other) => {
        const news = await exchangeNews(env, other, member.news);
        if (news !== null) member.changes.heard(news);
        return { guid: other.guid, role: news?.role ?? null };
      }),
    ),
    Promise.all(failover.map((other) => ask(member, other, timeoutMs))),
  ]);
  const found = failover.map(({ guid, name, agentAddress }, n): Found => ({
    guid,
    name,
    agentAddress,
    agent: agents[n] ?? null,
    role: roles.find((each) => each.guid === guid)?.role ?? null,
  }));
  return { failover: found, newest: member.seen };
}

async function ask(member: AsyncMember, other: Member, timeoutMs: number): Promise<Found['agent']> {
  const { membership, self, options } = member;
  try {
    const reply = await askAgent(
      { net: options.net, clock: options.io.clock },
      agentAddresses(other),
      { t: 'ask', mirror: membership.guid, member: other.guid, asker: self.guid, grantAbove: null },
      timeoutMs,
    );
    if (reply.t !== 'answer') return null;
    if (reply.membership !== undefined)
      member.changes.heard({ membership: reply.membership, committed: null, role: 'down', seen: reply.answer.seen });
    return reply.answer;
  } catch (error) {
    if (!(error instanceof GemelError)) throw error;
    return null;
  }
}

/** The others ask it how this member is once it is down. */
async function requireOwnAgent(member: AsyncMember, timeoutMs: number): Promise<void> {
  const answer = await ask(member, member.self, timeoutMs);
  if (answer === null || answer.state === 'unknown')
    throw refused({
      code: 'AGENT_NEEDED',
      text: `The agent of this host gives no answer at ${member.self.agentAddress}.`,
      facts: { agent: member.self.agentAddress },
    });
}

function withRoles(membership: Membership, self: string, partner: string | null): Membership {
  const type = (each: Member): Member['type'] => {
    if (each.guid === self || each.guid === partner) return 'Failover';
    return each.type === 'Failover' ? 'Disaster Recovery' : each.type;
  };
  return { ...membership, version: membership.version + 1, members: membership.members.map((each) => ({ ...each, type: type(each) })) };
}

/**
 * The agents of those that are down are told first: the partner's last, for it may have promised itself to the other one, which
 * cannot claim that any more once it has the new roles. @returns names of those that could not be told
 */
async function bindAgents(member: AsyncMember, failover: readonly Found[], membership: Membership): Promise<string[]> {
  const isPartner = ({ guid }: Found): number => Number(memberOf(membership, guid)?.type === 'Failover');
  const released: string[] = [];
  const untold: string[] = [];
  for (const found of failover.toSorted((a, b) => isPartner(a) - isPartner(b))) {
    const refusal = canBeTold(found) ? await bind(member, found, membership, released) : 'silent';
    if (refusal === 'silent') untold.push(found.name);
    else if (refusal !== null)
      throw refused({
        ...refusal,
        text: `The agent of ${found.name} refuses: ${refusal.text}`,
        facts: { ...refusal.facts, member: found.name },
      });
    else released.push(found.guid);
  }
  return untold;
}

/** Its agent answers, and that it is down. */
function canBeTold({ agent }: Found): boolean {
  return agent?.state === 'down';
}

async function bind(
  { options, self }: AsyncMember,
  { guid }: Found,
  membership: Membership,
  released: readonly string[],
): Promise<Refusal | 'silent' | null> {
  const to = memberOf(membership, guid);
  if (to === undefined) return 'silent';
  return tellAgent(options, to, { asker: self.guid, membership, released });
}

function refused({ code, text, facts }: Refusal): GemelError {
  const condition = conditionOf(code);
  return new GemelError('REFUSED', text, condition?.means ?? 'Nothing was changed.', condition?.todo ?? '', { code, facts });
}
