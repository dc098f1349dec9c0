import { z } from 'zod';
import type { JournalReach } from '../journal/index.ts';
import type {
  ActivePeriod,
  AgentAnswer,
  Epoch,
  FromArbiter,
  Generation,
  Grant,
  Hello,
  HelloAnswer,
  JournalEnd,
  PeerMessage,
  Position,
  Refusal,
  Reign,
  RoleName,
  ToArbiter,
} from './failover/index.ts';

/**
 * The failover vocabulary as it arrives from outside: everything another process says is checked whole before a decision
 * is fed with it. `exactly` makes the compiler see that a shape and its type say the same, in both directions.
 */
function exactly<T>(): <S extends z.ZodType<T>>(shape: S & ([T] extends [z.output<S>] ? unknown : never)) => S {
  return (shape) => shape;
}

const count = z.int().nonnegative();
const member = z.string().min(1).max(100);
const text = z.string().max(10_000);

export const PositionShape = exactly<Position>()(z.object({ file: count, offset: z.number().nonnegative() }));
/** The member of epoch 0.0, before the first one, is ''. */
export const EpochShape = exactly<Epoch>()(z.object({ major: count, minor: count, member: z.string().max(100) }));
const JournalEndShape = exactly<JournalEnd>()(z.object({ epoch: EpochShape, position: PositionShape }));
export const GrantShape = exactly<Grant>()(z.object({ to: member, above: EpochShape }));
export const PeriodShape = exactly<ActivePeriod>()(z.object({ epoch: EpochShape, n: count, backup: member, ended: z.boolean() }));
export const ReignShape = exactly<Reign>()(z.object({ epoch: EpochShape, boot: text, n: count }));
export const RefusalShape = exactly<Refusal>()(
  z.object({ code: text, text, facts: z.record(z.string().max(100), z.union([text, z.number()])) }),
);
const GenerationShape = exactly<Generation>()(
  z.object({ g: text, primary: member, primaryBoot: text, backup: member, backupBoot: text, membership: count, epoch: EpochShape }),
);
export const RoleNameShape = exactly<RoleName>()(
  z.enum(['starting', 'waiting', 'primary', 'in-trouble', 'yielded', 'backup', 'lost', 'taking', 'stopped', 'down']),
);

const chain = z.string().regex(/^[0-9a-f]{32}$/);
export const ReachShape = exactly<JournalReach>()(
  z.object({
    lineage: z.array(z.object({ epoch: EpochShape, first: PositionShape, previousEnd: PositionShape, previousChain: chain })).readonly(),
    end: z.object({ position: PositionShape, chain }),
  }),
);

export const HelloShape = exactly<Hello>()(
  z.object({
    member,
    boot: text,
    journal: JournalEndShape,
    wasPrimary: z.boolean(),
    membership: count,
    seen: EpochShape,
    role: RoleNameShape,
    able: z.boolean(),
    gaveUp: z.boolean(),
  }),
);

export const HelloAnswerShape = exactly<HelloAnswer>()(
  z.discriminatedUnion('is', [
    z.object({
      is: z.literal('primary'),
      boot: text,
      epoch: EpochShape,
      membership: count,
      noFailover: EpochShape.nullable(),
      qosMs: z.number().positive(),
    }),
    z.object({ is: z.literal('promise'), boot: text, grant: GrantShape }),
    z.object({
      is: z.literal('not-primary'),
      boot: text,
      role: RoleNameShape,
      journal: JournalEndShape,
      seen: EpochShape,
      membership: count,
    }),
  ]),
);

export const PeerMessageShape = exactly<PeerMessage>()(
  z.discriminatedUnion('m', [
    z.object({ m: z.literal('active'), n: count, epoch: EpochShape }),
    z.object({ m: z.literal('beat'), arbiter: z.boolean(), canTakeOver: z.boolean() }),
    z.object({ m: z.literal('propose'), gen: GenerationShape }),
    z.object({ m: z.literal('hold'), g: text }),
    z.object({ m: z.literal('formed'), g: text }),
    z.object({ m: z.literal('leave'), g: text }),
    z.object({ m: z.literal('leaving'), g: text }),
    z.object({ m: z.literal('left'), g: text }),
    z.object({ m: z.literal('end-period'), n: count }),
    z.object({ m: z.literal('period-ended'), n: count }),
    z.object({ m: z.literal('take-over'), epoch: EpochShape, end: PositionShape }),
    z.object({ m: z.literal('taking-over'), epoch: EpochShape }),
    z.object({ m: z.literal('cannot-take-over'), why: text }),
    z.object({ m: z.literal('no-failover'), epoch: EpochShape.nullable() }),
    z.object({ m: z.literal('no-failover-done'), epoch: EpochShape.nullable() }),
    z.object({ m: z.literal('ask-no-failover'), set: z.boolean() }),
  ]),
);

export const ToArbiterShape = exactly<ToArbiter>()(
  z.discriminatedUnion('m', [
    z.object({ m: z.literal('propose'), gen: GenerationShape }),
    z.object({ m: z.literal('hold'), g: text }),
    z.object({ m: z.literal('lost'), g: text, who: member }),
    z.object({ m: z.literal('gave-up'), g: text }),
    z.object({ m: z.literal('pong'), nonce: count }),
    z.object({ m: z.literal('claim'), epoch: EpochShape, membership: count }),
  ]),
);

export const FromArbiterShape = exactly<FromArbiter>()(
  z.discriminatedUnion('m', [
    z.object({ m: z.literal('hold'), g: text }),
    z.object({ m: z.literal('verdict'), g: text, verdict: z.enum(['primary-continues', 'backup-takes-over']) }),
    z.object({ m: z.literal('give-up'), g: text }),
    z.object({ m: z.literal('unknown'), g: text }),
    z.object({ m: z.literal('ping'), nonce: count }),
    z.object({ m: z.literal('other'), member, connected: z.boolean() }),
    z.object({ m: z.literal('known'), epoch: EpochShape.nullable(), membership: count }),
  ]),
);

export const AgentAnswerShape = exactly<AgentAnswer>()(
  z.object({
    member,
    boot: text,
    reign: ReignShape.nullable(),
    period: PeriodShape.nullable(),
    seen: EpochShape,
    membership: count,
    role: RoleNameShape.nullable(),
    state: z.enum(['down', 'starting', 'operating', 'hung', 'in-trouble', 'unknown']),
    journal: JournalEndShape.nullable(),
    grant: GrantShape.nullable(),
    refused: RefusalShape.nullable(),
    noFailover: z.boolean(),
  }),
);
