import { z } from 'zod';
import { DejournalHalt } from '../../api/dejournaling.ts';
import { ArbiterView, AsyncType, MemberView } from '../../api/status.ts';
import { EditWish } from '../editing/wishes.ts';
import { Membership } from '../membership.ts';
import { firstIssue } from '../first-issue.ts';
import { EpochShape, PositionShape, ReachShape } from '../shapes.ts';
import { ToldError } from '../told-error.ts';
import { decodeControl, Malformed } from '../wire.ts';

/** What the primary tells of a member's dejournaling, and the member of its own. */
const Dejournaled = z.object({ position: PositionShape, timeMs: z.number().nullable() });

/** What a primary tells asyncs of the mirror. */
const ForAsyncs = z.object({
  /** The failover members, as the primary sees them. */
  failover: z.array(MemberView),
  mode: ArbiterView.shape.failoverMode,
  noFailover: z.boolean(),
});
export type ForAsyncs = z.infer<typeof ForAsyncs>;

/** Control messages between the primary and an async member, after the `follow` that opens the connection (see peer-protocol.ts). */
const AsyncControl = z.discriminatedUnion('t', [
  /** Makes its journal a beginning of this one, then says `ready`. */
  z.object({ t: z.literal('follow-answer'), primary: z.string(), epoch: EpochShape, reach: ReachShape, membership: Membership }),
  /** Another member is primary, or nobody that this one knows of. `membership`: the addresses may be others by now. */
  z.object({ t: z.literal('elsewhere'), primary: z.string().nullable(), membership: Membership.optional() }),
  /** `membership`: as the one who refuses has it, for who is or was a member. */
  z.object({ t: z.literal('refused'), code: z.string(), text: z.string(), membership: Membership.optional() }),
  /** A disaster recovery member wants to be the primary's failover partner; answered when that is refused, else by the changed membership. */
  z.object({ t: z.literal('ask-promote'), vipInterface: z.string().optional() }),
  z.object({ t: z.literal('promote-refused'), error: ToldError }),
  /** A member wants the membership changed. A wish to leave is answered by the membership without it, when it is granted. */
  z.object({ t: z.literal('ask-edit'), id: z.number().int(), wish: EditWish }),
  z.object({ t: z.literal('edit-answer'), id: z.number().int(), error: ToldError.nullable() }),
  /** The member wants to be an async of another type; answered as above. */
  z.object({ t: z.literal('ask-type'), type: AsyncType }),
  z.object({ t: z.literal('type-refused'), error: ToldError }),
  /** The member's journal is a beginning of the primary's now; send from here. */
  z.object({ t: z.literal('ready'), from: PositionShape }),
  z.object({
    t: z.literal('async-beat'),
    received: PositionShape,
    /** When the newest block received was written, ms since the epoch; null: none since the start. */
    receivedTimeMs: z.number().nullable(),
    dejournaled: Dejournaled.nullable(),
    /** Why nothing is dejournaled now; null: it is. */
    halted: DejournalHalt,
    /** Something keeps a database from being dejournaled. */
    attention: z.boolean(),
  }),
  z.object({
    t: z.literal('primary-beat'),
    durable: PositionShape,
    ...ForAsyncs.shape,
  }),
  z.object({ t: z.literal('membership'), membership: Membership }),
]);
export type AsyncControl = z.infer<typeof AsyncControl>;
export type AsyncBeat = Extract<AsyncControl, { t: 'async-beat' }>;
export type PrimaryBeat = Extract<AsyncControl, { t: 'primary-beat' }>;

/** @throws Malformed for what is not whole a message of ours */
export function parseAsyncControl(payload: Buffer): AsyncControl {
  const parsed = AsyncControl.safeParse(decodeControl(payload));
  if (parsed.success) return parsed.data;
  throw new Malformed(`a message that is none of this version (${firstIssue(parsed.error)})`);
}
