import { z } from 'zod';
import { CompressionMode } from '../../../engine/api/compression.ts';
import { JoinAs } from '../../../engine/api/join-as.ts';
import { ParallelDejournaling } from '../../../engine/api/parallel.ts';

const mirror = z.string();
/** Name of a member of the mirror. */
const member = z.string();
/** InstanceView id of the member that is told. */
const instance = z.string();

/** What becomes of members: their roles, their settings, their leaving. */
export const memberActions = [
  /** A disaster recovery async becomes a failover member. */
  z.object({
    action: z.literal('promote'),
    mirror,
    instance,
    /** null: none; left out: chosen by itself. */
    partner: z.string().nullable().optional(),
    nofailover: z.boolean().default(false),
    /** Journal data may be lost. */
    confirmed: z.boolean().default(false),
    vipInterface: z.string().optional(),
    withoutVip: z.boolean().default(false),
  }),
  /** The failover member that is not primary becomes a disaster recovery async. */
  z.object({ action: z.literal('demote'), mirror, member }),
  z.object({ action: z.literal('tryPrimary'), mirror, instance }),
  z.object({ action: z.literal('forcePrimary'), mirror, instance }),
  /** For a primary in trouble without end; what the operator has made sure of. */
  z.object({
    action: z.literal('resumePrimary'),
    mirror,
    instance,
    otherIsDown: z.boolean(),
    otherNeverBecamePrimary: z.boolean(),
    otherHasNoNewerJournalFile: z.boolean(),
  }),
  z.object({ action: z.literal('stopMirroring'), mirror, instance }),
  z.object({ action: z.literal('startMirroring'), mirror, instance }),
  z.object({ action: z.literal('rebuild'), mirror, instance }),
  z.object({
    action: z.literal('setDejournaling'),
    mirror,
    instance,
    set: z.enum(['pause', 'start', 'schedule', 'continuous']),
    /** Of `schedule`: minutes of the day, local time of the member. */
    from: z.number().int().optional(),
    to: z.number().int().optional(),
  }),
  /** Path on the member's host; null: every update is applied again. */
  z.object({ action: z.literal('setFilter'), mirror, instance, file: z.string().nullable() }),
  z.object({
    action: z.literal('changeType'),
    mirror,
    instance,
    as: JoinAs.exclude(['failover']),
    failoverDB: z.enum(['clear', 'keep']).optional(),
  }),
  /** What is left out stays as it is. */
  z.object({
    action: z.literal('editMirror'),
    mirror,
    /** HOST:PORT; null: none */
    arbiter: z.string().nullable().optional(),
    qosMs: z.number().int().optional(),
    compressionFailover: CompressionMode.optional(),
    compressionAsync: CompressionMode.optional(),
    parallelDejournaling: ParallelDejournaling.optional(),
    /** CIDR; null: none */
    vip: z.string().nullable().optional(),
    vipInterface: z.string().optional(),
  }),
  z.object({
    action: z.literal('editAddresses'),
    mirror,
    member,
    /** The member that is told: the primary, or one that follows none and corrects it for itself alone. */
    instance,
    superserverAddress: z.string().optional(),
    privateAddress: z.string().optional(),
    /** HOST:PORT */
    agentAddress: z.string().optional(),
    vipInterface: z.string().optional(),
  }),
  z.object({ action: z.literal('setSuperserverPort'), instance, port: z.number().int().min(1).max(65535) }),
  /** Another member is taken out of the mirror. */
  z.object({ action: z.literal('removeMember'), mirror, member }),
  /** The instance leaves the mirror; what its mirrored databases are then. */
  z.object({ action: z.literal('leaveMirror'), mirror, instance, databases: z.enum(['keep', 'unmirror']) }),
] as const;

/** The wizards of members. */
export const memberForms = [
  'promote',
  'resumePrimary',
  'dejournaling',
  'filter',
  'changeType',
  'editMirror',
  'addresses',
  'superserverPort',
  'leaveMirror',
] as const;
