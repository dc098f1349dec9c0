import { isDeepStrictEqual } from 'node:util';
import { GemelError } from '../../../api/errors.ts';
import type { Io } from '../../../io/index.ts';
import type { Net } from '../../../io/net.ts';
import { agentAddresses, askAgent } from '../../agent-client.ts';
import type { AgentReply } from '../../agent-protocol.ts';
import { compareEpochs, newerEpoch, type Refusal } from '../../failover/index.ts';
import { memberOf, type Member, type Membership } from '../../membership.ts';
import type { Mirror } from '../../mirror.ts';
import type { News } from '../news.ts';

/** Has an agent store a newer membership for a member that is down. */
export async function tellAgent(
  { io, net }: { readonly io: Pick<Io, 'clock'>; readonly net: Net },
  to: Member,
  { asker, membership, released }: { readonly asker: string; readonly membership: Membership; readonly released: readonly string[] },
): Promise<Refusal | 'silent' | null> {
  try {
    const request = { t: 'adopt' as const, mirror: membership.guid, member: to.guid, asker, membership, released: [...released] };
    const reply = await askAgent({ net, clock: io.clock }, agentAddresses(to), request, Math.max(500, membership.qosMs / 2));
    return reply.t === 'adopted' ? reply.refused : 'silent';
  } catch (error) {
    if (!(error instanceof GemelError)) throw error;
    return 'silent';
  }
}

/**
 * The partner was chosen while its agent gave no answer; now it does, for a member that is down and does not know of the promotion
 * yet. If that one has joined another promotion meanwhile, this member follows that. @returns whether it is worth asking again
 */
export async function tellPromotion(mirror: Mirror, asked: Member, reply: AgentReply): Promise<boolean> {
  if (reply.t !== 'answer' || reply.answer.state !== 'down' || reply.membership === undefined) return false;
  const { membership } = mirror;
  const asker = mirror.options.record.self;
  const theirs = reply.membership;
  if (memberOf(theirs, asker)?.type === 'Failover' || isDeepStrictEqual(theirs, membership)) return false;
  if (theirs.version >= membership.version) {
    if (mirror.state.role.is === 'starting' || mirror.state.role.is === 'waiting') mirror.changes.adopt(theirs);
    return false;
  }
  return tell(mirror, asked);
}

/**
 * A member that is away and no failover member any more: its agent is asked whether it knows, and told if it does not and is down. One that
 * runs finds out by itself.
 * @param said what agents have refused already: that is logged once
 * @returns whether it knows now
 */
export async function tellRole(mirror: Mirror, asked: Member, said: Set<string>): Promise<boolean> {
  const reply = await askHow(mirror, asked);
  const news = newsIn(reply);
  if (reply?.t !== 'answer' || news === null) return false;
  const theirs = news.membership;
  mirror.peers.around.heard(news);
  if (memberOf(theirs, asked.guid)?.type !== 'Failover') return true;
  if (mirror.hasEnded || reply.answer.state !== 'down' || theirs.version >= mirror.membership.version) return false;
  // It was primary since, by an operator's word: the higher epoch stands.
  if (compareEpochs(reply.answer.seen, newerEpoch(mirror.durable.seen, mirror.journal.end.epoch)) > 0) return false;
  return tell(mirror, asked, said);
}

/** What a member's record says, by the agent of its host; null: that gives no answer, or has no record. */
export async function recordedNews(mirror: Mirror, asked: Member): Promise<News | null> {
  return newsIn(await askHow(mirror, asked));
}

function newsIn(reply: AgentReply | null): News | null {
  if (reply?.t !== 'answer' || reply.membership === undefined) return null;
  return { membership: reply.membership, committed: null, role: 'down', seen: reply.answer.seen };
}

async function askHow({ membership, options: { io, net, record } }: Mirror, asked: Member): Promise<AgentReply | null> {
  const request = { t: 'ask' as const, mirror: membership.guid, member: asked.guid, asker: record.self, grantAbove: null };
  try {
    return await askAgent({ net, clock: io.clock }, agentAddresses(asked), request, Math.max(500, membership.qosMs / 2));
  } catch (error) {
    if (!(error instanceof GemelError)) throw error;
    return null;
  }
}

async function tell(mirror: Mirror, asked: Member, said = new Set<string>()): Promise<boolean> {
  const { membership, options } = mirror;
  const { guid, name } = asked;
  const refusal = await tellAgent(options, asked, { asker: options.record.self, membership, released: [] });
  if (refusal === 'silent') return false;
  if (refusal === null) {
    mirror.note('ROLE_TOLD', `The agent of ${name} has been told of the promotion; ValidatedMember=0 is set there.`, { member: name });
    return true;
  }
  const { code, text } = refusal;
  if (said.has(`${guid} ${code}`)) return false;
  said.add(`${guid} ${code}`);
  mirror.note('ROLE_NOT_TAKEN', `The agent of ${name} does not take the new roles: ${text}`, { member: name, why: code });
  return false;
}
