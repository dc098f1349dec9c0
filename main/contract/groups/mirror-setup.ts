import { z } from 'zod';
import { CompressionMode } from '../../../engine/api/compression.ts';
import { JoinAs } from '../../../engine/api/join-as.ts';
import { ParallelDejournaling } from '../../../engine/api/parallel.ts';

/** How others reach a member; what is left out is what the engine takes by itself. */
const addresses = {
  member: z.string().optional(),
  superserverAddress: z.string().optional(),
  privateAddress: z.string().optional(),
  /** HOST:PORT */
  agentAddress: z.string().optional(),
};

/** Mirrors are made, and joined. */
export const mirrorSetupActions = [
  z.object({
    action: z.literal('createMirror'),
    /** It becomes the first failover member. */
    instance: z.string(),
    name: z.string(),
    /** HOST:PORT; left out: none */
    arbiter: z.string().optional(),
    qosMs: z.number().int(),
    compressionFailover: CompressionMode,
    compressionAsync: CompressionMode,
    parallelDejournaling: ParallelDejournaling,
    /** CIDR; left out: none */
    vip: z.string().optional(),
    vipInterface: z.string().optional(),
    ...addresses,
  }),
  z.object({
    action: z.literal('joinMirror'),
    instance: z.string(),
    mirror: z.string(),
    as: JoinAs,
    /** HOST:PORT of the agent on a failover member's host */
    agent: z.string(),
    /** Name of the instance there. */
    via: z.string(),
    vipInterface: z.string().optional(),
    ...addresses,
  }),
] as const;
