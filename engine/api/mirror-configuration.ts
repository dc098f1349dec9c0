import { z } from 'zod';
import { Compression } from './compression.ts';
import { ParallelDejournaling } from './parallel.ts';
import { MemberType } from './status.ts';

/** A mirror's configuration as a member has it on disk: what was set, not how anybody is. */
export const MirrorConfiguration = z.object({
  mirror: z.string(),
  /** Grows with every change; of two members the one with the higher number has the newer configuration. */
  version: z.number().int(),
  thisMember: z.string(),
  /** Quality of service timeout, ms. */
  qosMs: z.number(),
  /** HOST:PORT; null: none. */
  arbiter: z.string().nullable(),
  compression: Compression,
  parallelDejournaling: ParallelDejournaling,
  /** `address` in CIDR notation; null: the mirror has none. */
  vip: z.object({ address: z.string(), interface: z.string() }).nullable(),
  members: z.array(
    z.object({
      name: z.string(),
      guid: z.string(),
      /** Name of its instance on its host. */
      instance: z.string(),
      type: MemberType,
      /** HOST:PORT each */
      superserverAddress: z.string(),
      privateAddress: z.string(),
      agentAddress: z.string(),
      /** Where the virtual address would be on that member; null: on the mirror's interface. */
      vipInterface: z.string().nullable(),
    }),
  ),
  /** Names of the mirror's databases. */
  databases: z.array(z.string()),
});
export type MirrorConfiguration = z.infer<typeof MirrorConfiguration>;
