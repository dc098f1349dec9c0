import { z } from 'zod';
import type { JournalReach } from '../journal/index.ts';
import type { AgentAnswer, FromArbiter, ToArbiter } from './failover/index.ts';

/**
 * What travels to an agent on its TCP port. The first message of a connection says what it is for; a question gets one
 * answer, `fetch` gets journal frames and an end, `arbiter` stays.
 */
const EpochShape = z.object({ major: z.number(), minor: z.number(), member: z.string() });

export const AgentRequest = z.discriminatedUnion('t', [
  z.object({
    t: z.literal('ask'),
    mirror: z.string(),
    member: z.string(),
    asker: z.string(),
    /** Promise the asker that this member will not be primary in an epoch up to this. */
    grantAbove: EpochShape.nullable(),
  }),
  /** The journal of a member that is down: answered with its reach; `fetch-from` then says from where to send. */
  z.object({ t: z.literal('fetch'), mirror: z.string(), member: z.string(), asker: z.string() }),
  z.object({ t: z.literal('fetch-from'), from: z.object({ file: z.number(), offset: z.number() }) }),
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

export type AgentReply =
  | { readonly t: 'answer'; readonly answer: AgentAnswer }
  | { readonly t: 'reach'; readonly reach: JournalReach }
  | { readonly t: 'fetch-end' }
  | { readonly t: 'admitted'; readonly membership: unknown }
  | { readonly t: 'error'; readonly code: string; readonly what: string; readonly safe: string; readonly todo: string }
  | { readonly t: 'welcome' }
  /** Between an arbiter and a member, both ways. */
  | { readonly t: 'arb'; readonly message: FromArbiter | ToArbiter }
  | { readonly t: 'beat' };
