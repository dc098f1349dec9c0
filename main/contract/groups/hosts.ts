import { z } from 'zod';

/** Hosts and their instances, and the demo mirror. */
export const hostActions = [
  /** Two failover members, an arbiter, a mirrored database, all below `<home>/demo`. */
  z.object({ action: z.literal('createDemoMirror') }),
  /** Stops the demo's processes and deletes `<home>/demo`. */
  z.object({ action: z.literal('removeDemoMirror') }),
  z.object({ action: z.literal('startAgent'), host: z.string() }),
  z.object({
    action: z.literal('createInstance'),
    host: z.string(),
    name: z.string(),
    /** Left out: the first free one. */
    superserverPort: z.number().int().optional(),
    webPort: z.number().int().optional(),
  }),
  /** `instance` here and in what follows: InstanceView id. */
  z.object({ action: z.literal('startInstance'), instance: z.string() }),
  z.object({ action: z.literal('stopInstance'), instance: z.string(), nofailover: z.boolean().default(false) }),
] as const;
