import { z } from 'zod';
import { firstIssue } from '../first-issue.ts';
import { PositionShape } from '../shapes.ts';
import { ToldError } from '../told-error.ts';
import { decodeControl, Malformed } from '../wire.ts';

const key = z.string();
const LEAVES_MAX = 10_000;

/** What is asked of the other side of a comparison, after the `compare` that opens the connection (see peer-protocol.ts). */
const CompareAsk = z.discriminatedUnion('what', [
  z.object({ what: z.literal('hold') }),
  z.object({ what: z.literal('pin'), at: PositionShape }),
  z.object({
    what: z.literal('leaves'),
    from: key,
    nodes: z.number().int().min(1).max(1_000_000),
    count: z.number().int().min(1).max(LEAVES_MAX),
  }),
  z.object({ what: z.literal('digests'), from: key, ends: z.array(key.nullable()).max(LEAVES_MAX) }),
  z.object({ what: z.literal('nodes'), from: key, to: key.nullable() }),
  z.object({ what: z.literal('release') }),
]);
export type CompareAsk = z.infer<typeof CompareAsk>;

const Asked = z.object({ t: z.literal('compare-ask'), id: z.number().int(), ask: CompareAsk });
export type Asked = z.infer<typeof Asked>;

const Answered = z.object({
  t: z.literal('compare-answer'),
  /** 0: to the first message; null is the result of one that was taken. */
  id: z.number().int(),
  result: z.unknown(),
  error: ToldError.extend({ code: z.string() }).nullable(),
});
export type Answered = z.infer<typeof Answered>;

const Leaves = z.array(z.object({ to: key.nullable(), nodes: z.number().int(), digest: z.string() }));
const Nodes = z.object({ nodes: z.array(z.tuple([key, z.string()])), next: key.nullable() });
export const results = { hold: PositionShape, pin: PositionShape, leaves: Leaves, digests: Leaves, nodes: Nodes, release: z.null() };

/** @throws Malformed */
export function parseAsked(payload: Buffer): Asked {
  return parsed(Asked, payload);
}

/** @throws Malformed */
export function parseAnswered(payload: Buffer): Answered {
  return parsed(Answered, payload);
}

function parsed<T>(shape: z.ZodType<T>, payload: Buffer): T {
  const found = shape.safeParse(decodeControl(payload));
  if (found.success) return found.data;
  throw new Malformed(`a message that is none of a comparison (${firstIssue(found.error)})`);
}
