import { isDeepStrictEqual } from 'node:util';
import { GemelError } from '../../../api/errors.ts';
import type { Io } from '../../../io/index.ts';
import type { Net } from '../../../io/net.ts';
import { agentAddresses, askAgent } from '../../agent-client.ts';
import type { AgentReply } from '../../agent-protocol.ts';
import type { Refusal } from '../../failover/index.ts';
import { memberOf, type Member, type Membership } from '../../membership.ts';
import type { Mirror } from '../../mirror.ts';

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
  const refusal = await tellAgent(mirror.options, asked, { asker, membership, released: [] });
  if (refusal === null)
    mirror.note('ROLE_TOLD', `The agent of ${asked.name} has been told of the promotion; ValidatedMember=0 is set there.`, {
      member: asked.name,
    });
  else if (refusal !== 'silent')
    mirror.note('ROLE_NOT_TAKEN', `The agent of ${asked.name} does not take the new roles: ${refusal.text}`, {
      member: asked.name,
      why: refusal.code,
    });
  return refusal === null;
}
