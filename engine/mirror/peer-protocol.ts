import { z } from 'zod';
import { CompressionType } from '../api/compression.ts';
import { MemberView } from '../api/status.ts';
import { EditWish } from './editing/wishes.ts';
import { firstIssue } from './first-issue.ts';
import { Membership } from './membership.ts';
import { ToldError } from './told-error.ts';
import { EpochShape, HelloAnswerShape, HelloShape, PeerMessageShape, PositionShape, ReachShape, RoleNameShape } from './shapes.ts';
import { decodeControl, Malformed } from './wire.ts';

const Dejournaled = z.object({ position: PositionShape, timeMs: z.number().nullable() });

/** What compressed journal the sender can take; left out: all. */
const TakesShape = z.array(CompressionType).readonly().optional();

const NewsShape = z.object({
  mirror: z.string(),
  membership: Membership,
  committed: EpochShape.nullable(),
  seen: EpochShape,
  role: RoleNameShape.or(z.literal('async')),
});

/** Control messages on a data channel between two failover members, and the first one of any member. */
const PeerControl = z.discriminatedUnion('t', [
  z.object({
    t: z.literal('hello'),
    mirror: z.string(),
    version: z.string(),
    hello: HelloShape,
    reach: ReachShape,
    takes: TakesShape,
  }),
  /** First from an async member; what follows is of asyncs/protocol.ts. */
  z.object({
    t: z.literal('follow'),
    mirror: z.string(),
    version: z.string(),
    member: z.string(),
    reach: ReachShape,
    takes: TakesShape,
  }),
  /** First from a member that is to be rebuilt; answered with how far back the primary's journal goes, and the connection ends. */
  z.object({ t: z.literal('ask-journal'), mirror: z.string() }),
  z.object({ t: z.literal('journal-answer'), primary: z.boolean(), first: z.number(), membership: Membership }),
  /** First from any member that finds no primary: what it knows of the mirror, answered in kind. */
  z.object({ t: z.literal('news'), ...NewsShape.shape }),
  z.object({ t: z.literal('news-answer'), ...NewsShape.shape }),
  /** First from a member that was promoted without a partner: the journal of this one, served as an agent does. */
  z.object({ t: z.literal('fetch'), mirror: z.string(), member: z.string(), asker: z.string() }),
  /** First from a member that compares its copy of a database with this one's; what follows is of compare/protocol.ts. */
  z.object({ t: z.literal('compare'), mirror: z.string(), asker: z.string(), database: z.string() }),
  /** First from a member that makes a copy of a database from this one's; what follows is of seeding/protocol.ts. */
  z.object({ t: z.literal('seed'), mirror: z.string(), asker: z.string(), database: z.string() }),
  z.object({ t: z.literal('hello-answer'), answer: HelloAnswerShape, reach: ReachShape, membership: Membership, token: z.string() }),
  /** First after an answer that lets the dialler follow, with the answer's token: whoever has not had it is somebody else, or says old words. */
  z.object({ t: z.literal('proof'), token: z.string() }),
  /** `membership`: as the one who refuses has it, for who is or was a member. */
  z.object({ t: z.literal('refused'), code: z.string(), text: z.string(), membership: Membership.optional() }),
  /** The backup wants to be a disaster recovery async; answered when that is refused, else by the changed membership. */
  z.object({ t: z.literal('ask-demote') }),
  z.object({ t: z.literal('demote-refused'), error: ToldError }),
  /** The backup wants the membership changed. A wish to leave is answered by the membership without it, when it is granted. */
  z.object({ t: z.literal('ask-edit'), id: z.number().int(), wish: EditWish }),
  z.object({ t: z.literal('edit-answer'), id: z.number().int(), error: ToldError.nullable() }),
  /** The backup's journal is a beginning of the primary's now; send from here. */
  z.object({ t: z.literal('ready'), from: PositionShape }),
  z.object({
    t: z.literal('beat'),
    /** sender's clock, and the newest one it has from the other side */
    at: z.number(),
    echo: z.number(),
    arbiter: z.boolean(),
    canTakeOver: z.boolean(),
    dejournaled: Dejournaled.nullable(),
    received: PositionShape,
    /** From the primary: the asyncs, as it sees them. Left out: the mirror has none. */
    asyncs: z.array(MemberView).optional(),
  }),
  z.object({ t: z.literal('peer'), message: PeerMessageShape }),
  z.object({ t: z.literal('membership'), membership: Membership }),
]);
export type PeerControl = z.infer<typeof PeerControl>;

/** @throws Malformed for what is not whole a message of ours */
export function parsePeerControl(payload: Buffer): PeerControl {
  const parsed = PeerControl.safeParse(decodeControl(payload));
  if (parsed.success) return parsed.data;
  throw new Malformed(`a message that is none of this version (${firstIssue(parsed.error)})`);
}
