import { z } from 'zod';

/** What an instance joins a mirror as. */
export const JoinAs = z.enum(['failover', 'dr', 'reporting-ro', 'reporting-rw']);
export type JoinAs = z.infer<typeof JoinAs>;
