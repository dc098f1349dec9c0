import { z } from 'zod';
import { JobBegun } from './jobs.ts';

/** What is done with databases of an instance. Each is a job, whose result is `{ message }` (of an addition for the whole mirror also `job`, which follows the copies); several databases are done one after the other. */

/** Names of databases here. */
const names = z.array(z.string()).min(1);

export const databaseMethods = {
  /** On the primary: databases that are not mirrored become the mirror's. All of them are checked before the first is changed. */
  'db.addToMirror': {
    params: z.object({
      mirror: z.string().optional(),
      /** `mirrorDatabase`: its name in the mirror; left out: `name`. */
      databases: z.array(z.object({ name: z.string(), mirrorDatabase: z.string().optional() })).min(1),
      /** As `db.seed` from the beginning. */
      wholeMirror: z.boolean().default(false),
    }),
    result: JobBegun,
  },
  /** On the primary the mirror has them no more, for good; on another member only the copies there become ordinary databases. */
  'db.removeFromMirror': { params: z.object({ names }), result: JobBegun },
  /** `catchup`: mirrored copies catch up by themselves. */
  'db.mount': { params: z.object({ names, catchup: z.boolean().default(true) }), result: JobBegun },
  /** Until they are mounted, or the instance is started anew. */
  'db.dismount': { params: z.object({ names }), result: JobBegun },
  /** Copies that were brought here, or kept when the instance left its mirror, are the member's own; then they need catching up. */
  'db.activate': { params: z.object({ names }), result: JobBegun },
  /** All of them at once; those that need it are activated before. */
  'db.catchup': { params: z.object({ names }), result: JobBegun },
  /** Empties mirrored databases: on the primary first, then on each other member. */
  'db.recreate': { params: z.object({ names }), result: JobBegun },
  /** Not on the primary. Ended by `db.catchup`. */
  'db.pauseDejournal': { params: z.object({ names }), result: JobBegun },
  /**
   * What is left out stays. On the primary for all members; elsewhere for the copy there, as far as the mirror leaves that to it. MB.
   * `maxSizeMB` null: no limit. `expansionMB` 0: as the system finds best. `resource` null: none.
   */
  'db.set': {
    params: z.object({
      name: z.string(),
      maxSizeMB: z.number().positive().nullable().optional(),
      expansionMB: z.number().min(0).optional(),
      resource: z.string().nullable().optional(),
      collation: z.string().optional(),
    }),
    result: JobBegun,
  },
  /** Not of a mirrored one. Unconfirmed it is refused with what would be gone. */
  'db.delete': { params: z.object({ name: z.string(), confirmed: z.boolean().default(false) }), result: JobBegun },
  /** Not on the primary: copies that need catching up count as caught up without what the journal has for them. */
  'db.markCaughtUp': { params: z.object({ names }), result: JobBegun },
} as const;
