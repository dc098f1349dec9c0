import { z } from 'zod';
import { JobBegun } from './jobs.ts';

/** Copies of mirrored databases that members make by themselves from another member's: seeding. */

/** `refused`: something has to be done by a person; what, its text says. */
export const SeedState = z.enum(['waiting', 'preparing', 'copying', 'restoring', 'catching-up', 'caught-up', 'refused']);
export type SeedState = z.infer<typeof SeedState>;

/** How far a member is with its copy. */
export const SeedNews = z.object({
  state: SeedState,
  /** Bytes, of `total`. */
  done: z.number(),
  /** null: not known. */
  total: z.number().nullable(),
  text: z.string(),
});
export type SeedNews = z.infer<typeof SeedNews>;

/** A member's copy at the end of a job. */
const SeededCopy = z.object({
  /** Name of the database in the mirror. */
  database: z.string(),
  member: z.string(),
  /** null: the member is not connected; it makes its copy by itself when it is. */
  state: SeedState.nullable(),
  text: z.string(),
});
export type SeededCopy = z.infer<typeof SeededCopy>;

export const SeedResult = z.object({ message: z.string(), copies: z.array(SeededCopy) });
export type SeedResult = z.infer<typeof SeedResult>;

export const seedMethods = {
  /**
   * The job's result is a `SeedResult`. On the primary: every failover and disaster recovery member that lacks the databases makes a copy by
   * itself, also one that is not connected now. On another member: this one makes its copies.
   */
  'db.seed': {
    params: z.object({
      mirror: z.string().optional(),
      /** In the mirror; on the primary also their names there. */
      names: z.array(z.string()).min(1),
      /** What follows is not for the primary. Member whose copy is taken; left out: the primary, or who has one. */
      from: z.string().optional(),
      /** Name here, of one alone; left out: as on the member it is taken from. */
      as: z.string().optional(),
      directory: z.string().optional(),
      /** A copy that is here is replaced. */
      overwrite: z.boolean().default(false),
    }),
    result: JobBegun,
  },
} as const;
