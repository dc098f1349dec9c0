import { z } from 'zod';
import { JobBegun } from './jobs.ts';
import { Position } from './status.ts';

/** Nodes next to each other that are not on this member as on the other one. */
export const DifferenceRange = z.object({
  /** `missing`: not here; `surplus`: not there; `value`: another value. */
  kind: z.enum(['missing', 'surplus', 'value']),
  /** References of the first and the last of them. */
  from: z.string(),
  to: z.string(),
  nodes: z.number(),
});
export type DifferenceRange = z.infer<typeof DifferenceRange>;

export const DatabaseComparison = z.object({
  /** Mirror database name. */
  database: z.string(),
  /** Why it was not compared; null: it was. */
  skipped: z.string().nullable(),
  /** Where both copies stood at the end, in the mirror's journal. */
  position: Position.nullable(),
  /** That the other member has. */
  nodes: z.number(),
  /** That differ. */
  different: z.number(),
  /** That were made as on the other member. */
  repaired: z.number(),
  /** The first thousand. */
  ranges: z.array(DifferenceRange),
});
export type DatabaseComparison = z.infer<typeof DatabaseComparison>;

export const Comparison = z.object({ mirror: z.string(), member: z.string(), with: z.string(), databases: z.array(DatabaseComparison) });
export type Comparison = z.infer<typeof Comparison>;

export const compareMethods = {
  /**
   * A job; its result is a `Comparison`. `with`: another member; left out: the primary, or on the primary its backup. `repair`: what differs
   * here is made as it is on the primary.
   */
  'mirror.compare': {
    params: z.object({
      mirror: z.string().optional(),
      with: z.string().optional(),
      databases: z.array(z.string()).optional(),
      repair: z.boolean().default(false),
    }),
    result: JobBegun,
  },
} as const;
