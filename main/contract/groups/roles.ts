import { z } from 'zod';

const mirror = z.string();

/** Who is primary, and who may become it. */
export const roleActions = [
  z.object({ action: z.literal('switchOver'), mirror }),
  z.object({ action: z.literal('setNoFailover'), mirror }),
  z.object({ action: z.literal('clearNoFailover'), mirror }),
] as const;
