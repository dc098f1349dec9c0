import { z } from 'zod';
import { PositionShape } from '../shapes.ts';

const key = z.string();
const LEAVES_MAX = 10_000;

/** What is asked of the other side of a comparison, after the `compare` that opens the connection (see peer-protocol.ts). */
export const CompareAsk = z.discriminatedUnion('what', [
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

const Leaves = z.array(z.object({ to: key.nullable(), nodes: z.number().int(), digest: z.string() }));
const Nodes = z.object({ nodes: z.array(z.tuple([key, z.string()])), next: key.nullable() });
export const results = { hold: PositionShape, pin: PositionShape, leaves: Leaves, digests: Leaves, nodes: Nodes, release: z.null() };
