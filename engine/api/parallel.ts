import { z } from 'zod';

/** Which members may dejournal several databases at once. */
export const ParallelDejournaling = z.enum(['failover', 'failover+dr', 'all']);
export type ParallelDejournaling = z.infer<typeof ParallelDejournaling>;
