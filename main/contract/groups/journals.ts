import { z } from 'zod';

const instance = z.string();
/** Which journal of the instance: of this mirror; null: the local one; left out: all. */
const journal = z.string().nullable().optional();

/** Looking after journal files. */
export const journalActions = [
  z.object({ action: z.literal('switchJournal'), instance }),
  /** `files`: names; left out: all. */
  z.object({ action: z.literal('verifyJournal'), instance, journal, files: z.array(z.string()).min(1).optional() }),
  /** `olderThanDays`: instead of the settings' age, for this once. */
  z.object({ action: z.literal('purgeJournal'), instance, journal, olderThanDays: z.number().min(0).optional() }),
  z.object({
    action: z.literal('restoreJournal'),
    instance,
    database: z.string(),
    /** Names of journal files of the instance, or paths on its host, oldest first. */
    files: z.array(z.string()).min(1),
    /** What the journal calls the database; left out: its directory. */
    source: z.string().optional(),
    /** ISO time, or FILE:OFFSET; left out: everything. */
    to: z.string().optional(),
    global: z.string().optional(),
  }),
] as const;
