import { z } from 'zod';
import { Admitted } from '../api/contract.ts';
import { Membership } from './membership.ts';
import type { FromArbiter, ToArbiter } from './failover/index.ts';
import { firstIssue } from './first-issue.ts';
import {
  AgentAnswerShape,
  EpochShape,
  FromArbiterShape,
  PositionShape,
  ReachShape,
  RefusalShape,
  ReignShape,
  ToArbiterShape,
} from './shapes.ts';
import { decodeControl, Malformed } from './wire.ts';

/**
 * What travels to an agent on its TCP port. The first message of a connection says what it is for; a question gets one
 * answer, `fetch` gets journal frames and an end, `arbiter` stays.
 */
export const AgentRequest = z.discriminatedUnion('t', [
  z.object({
    t: z.literal('ask'),
    mirror: z.string(),
    member: z.string(),
    asker: z.string(),
    /** Promise the asker that this member will not be primary in an epoch up to this. */
    grantAbove: EpochShape.nullable(),
    /** For the member, while it is in trouble: the asker will not take over by this any more. */
    gaveUp: ReignShape.nullish(),
  }),
  /** The journal of a member that is down: answered with its reach; `fetch-from` then says from where to send. */
  z.object({ t: z.literal('fetch'), mirror: z.string(), member: z.string(), asker: z.string() }),
  z.object({ t: z.literal('fetch-from'), from: PositionShape }),
  /** For a member that is down: roles changed by a promotion while no primary operates; see `decideAdoption`. */
  z.object({
    t: z.literal('adopt'),
    mirror: z.string(),
    member: z.string(),
    asker: z.string(),
    membership: Membership,
    released: z.array(z.string()),
  }),
  z.object({
    t: z.literal('arbiter'),
    mirror: z.string(),
    mirrorName: z.string(),
    member: z.string(),
    boot: z.string(),
    qosMs: z.number(),
  }),
  /** A member that wants to join, for the instance of this host that is named. */
  z.object({ t: z.literal('admit'), instance: z.string(), mirror: z.string(), member: z.unknown() }),
]);
export type AgentRequest = z.infer<typeof AgentRequest>;

const Reply = z.discriminatedUnion('t', [
  /** `membership`: as the member that was asked about has it. */
  z.object({ t: z.literal('answer'), answer: AgentAnswerShape, membership: Membership.optional() }),
  /** `refused` null: durable in the member's record. */
  z.object({ t: z.literal('adopted'), refused: RefusalShape.nullable() }),
  z.object({ t: z.literal('reach'), reach: ReachShape }),
  z.object({ t: z.literal('fetch-end') }),
  z.object({ t: z.literal('admitted'), ...Admitted.shape }),
  z.object({ t: z.literal('error'), code: z.string(), what: z.string(), safe: z.string(), todo: z.string() }),
  z.object({ t: z.literal('welcome') }),
  /** Between an arbiter and a member, both ways: see `fromArbiter` and `toArbiter`. */
  z.object({ t: z.literal('arb'), message: z.unknown() }),
  z.object({ t: z.literal('beat') }),
]);
export type AgentReply = z.infer<typeof Reply>;

/** What an agent said. @throws Malformed */
export function parseReply(payload: Buffer): AgentReply {
  return parse(Reply, decodeControl(payload));
}

/** What an arbiter says to a member. @throws Malformed */
export function fromArbiter(message: unknown): FromArbiter {
  return parse(FromArbiterShape, message);
}

/** What a member says to its arbiter. @throws Malformed */
export function toArbiter(message: unknown): ToArbiter {
  return parse(ToArbiterShape, message);
}

function parse<T>(shape: z.ZodType<T>, message: unknown): T {
  const parsed = shape.safeParse(message);
  if (parsed.success) return parsed.data;
  throw new Malformed(`a message that is none of this version (${firstIssue(parsed.error)})`);
}
