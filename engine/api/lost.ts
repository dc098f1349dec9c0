import { z } from 'zod';

/** Updates that only one member of a mirror had: what its reports of lost transactions say. */

/** Bytes: text where they are UTF-8, else base64. */
export const LostBytes = z.union([z.string(), z.object({ base64: z.string() })]);
export type LostBytes = z.infer<typeof LostBytes>;

const Place = z.object({ file: z.number().int(), offset: z.number().int() });

/** Where and when a member parted from its mirror, and how much only it had: the first line of a report's file. */
export const LostHeader = z.object({
  /** Name of the report: the time it was made. */
  report: z.string(),
  mirror: z.string(),
  /** ISO time at which the journal was cut. */
  time: z.string(),
  /** Up to there this member's journal was the mirror's. */
  fork: Place,
  /** Where it ended. */
  end: Place,
  /** The primary's journal ended there then: a member that has dejournaled it knows what became of the nodes. */
  primaryEnd: Place,
  /** Whether databases contained some of it and were rewound. */
  rewound: z.boolean(),
  updates: z.number().int(),
  committed: z.number().int(),
  rolledBack: z.number().int(),
  open: z.number().int(),
  /** Updates outside of transactions. */
  single: z.number().int(),
  /** Why the rest of the journal could not be read; null: everything is in the report. */
  incomplete: z.string().nullable(),
});
export type LostHeader = z.infer<typeof LostHeader>;

/** One update, as a line of the report's file. */
export const LostUpdate = z.object({
  /** 1, 2 ... in the order of the journal */
  n: z.number().int(),
  /** What is replayed together: `T<epoch>.<number>` of a transaction, `U<n>` of an update by itself. */
  id: z.string(),
  /** ISO time at which its block of the journal was written. */
  time: z.string(),
  /** null: outside of transactions. */
  transaction: z.number().int().nullable(),
  /** How the transaction ended in the part that was lost. 'single': there was none. */
  outcome: z.enum(['committed', 'rolled back', 'open', 'single']),
  /** Session on the former primary. */
  process: z.number().int(),
  /** Mirror database name. */
  database: z.string(),
  reference: LostBytes,
  /** null: there was no value. */
  old: LostBytes.nullable(),
  /** null: killed. */
  new: LostBytes.nullable(),
  /** What the mirror kept of the node, where that is not `old`. */
  kept: LostBytes.nullable().optional(),
  /** Written by a rollback. */
  compensation: z.boolean().optional(),
  /** Stands in the mirror's journal too, which rolled its transaction back. */
  shared: z.boolean().optional(),
});
export type LostUpdate = z.infer<typeof LostUpdate>;

/**
 * What the node is on the mirror now, as this member's copy shows it. 'unchanged': what it was before the lost updates.
 * 'same': what this update made it. 'unknown': this member has not caught up, or the database is not here.
 */
export const LostState = z.enum(['unchanged', 'same', 'overwritten', 'deleted', 'unknown']);
export type LostState = z.infer<typeof LostState>;

export const LostReport = LostHeader.extend({
  /** Of the report itself. */
  path: z.string(),
  /** Journal data set aside with it. */
  sideFiles: z.array(z.string()),
});
export type LostReport = z.infer<typeof LostReport>;

export const LostPage = z.object({
  report: LostReport,
  updates: z.array(LostUpdate.extend({ state: LostState })),
  /** To be given for the next page; null: this was the last one. */
  next: z.number().int().nullable(),
});
export type LostPage = z.infer<typeof LostPage>;
