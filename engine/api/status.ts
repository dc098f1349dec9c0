import { z } from 'zod';
import { ParallelDejournaling } from './parallel.ts';

/** Shapes of INTERFACES.md: what `--json`, the control sockets and the console see. Extend, never rename. */

export const Position = z.object({ file: z.number().int(), offset: z.number().int() });
export type Position = z.infer<typeof Position>;

export const MemberType = z.enum(['Failover', 'Disaster Recovery', 'Read-Only Reporting', 'Read-Write Reporting']);
export type MemberType = z.infer<typeof MemberType>;
export const AsyncType = MemberType.exclude(['Failover']);
export type AsyncType = z.infer<typeof AsyncType>;

export const MemberStatus = z.enum([
  'Primary',
  'Backup',
  'In Trouble',
  'Connected',
  'Transition',
  'Synchronizing',
  'Waiting',
  'Stopped',
  'Crashed',
  'Down',
  'Not Initialized',
]);
export type MemberStatus = z.infer<typeof MemberStatus>;

export const MemberView = z.object({
  name: z.string(),
  type: MemberType,
  status: MemberStatus,
  /** "N/A" | "Active" | "Caught up" | "<time> behind" | "Disconnected on <time>" */
  journalTransfer: z.string(),
  journalLatencyMs: z.number().nullable(),
  /** "N/A" | "Caught up" | "<time> behind" | "Disconnected on <time>" | "Warning! ..." */
  dejournaling: z.string(),
  dejournalLatencyMs: z.number().nullable(),
  dn: z.string().nullable(),
  /** Journal received (primary: written) so far; null when not known here. */
  position: Position.nullable(),
  superserverAddress: z.string(),
  privateAddress: z.string(),
  agentAddress: z.string(),
});
export type MemberView = z.infer<typeof MemberView>;

export const ArbiterView = z.object({
  address: z.string().nullable(),
  failoverMode: z.enum(['Arbiter Controlled', 'Agent Controlled']),
  connectionStatus: z.enum([
    'Both failover members are connected to the arbiter',
    'Only this member is connected to the arbiter',
    'This member is not connected to the arbiter',
  ]),
});
export type ArbiterView = z.infer<typeof ArbiterView>;

export const DatabaseStatus = z.enum([
  'Normal',
  'Dejournaling',
  'Needs Catchup',
  'Needs Activation',
  'Catchup Running',
  'Dejournaling Stopped',
  'Database Dismounted',
  'Obsolete',
]);
export type DatabaseStatus = z.infer<typeof DatabaseStatus>;

export const MirroredDatabaseView = z.object({
  name: z.string(),
  directory: z.string(),
  status: DatabaseStatus,
  nextRecord: z.union([z.object({ time: z.string(), file: z.string(), offset: z.number() }), z.literal('Current'), z.literal('N/A')]),
  failoverDB: z.boolean(),
  /** Why it does not follow the mirror, and what to do; left out: it does, or the status says it all. */
  reason: z.string().optional(),
});
export type MirroredDatabaseView = z.infer<typeof MirroredDatabaseView>;

export const MirrorStatus = z.object({
  mirror: z.string(),
  thisMember: z.string(),
  noFailover: z.boolean(),
  members: z.array(MemberView),
  arbiter: ArbiterView,
  incomingRate: z.object({ networkKBs: z.number(), journalKBs: z.number(), ratio: z.number(), intervalS: z.number() }).nullable(),
  databases: z.array(MirroredDatabaseView),
  missingDatabases: z.array(z.string()),
  parallelDejournaling: ParallelDejournaling.optional(),
  /** The mirror's virtual address; `bound`: on this member. null: it has none. */
  vip: z.object({ address: z.string(), interface: z.string(), bound: z.boolean() }).nullable().optional(),
});
export type MirrorStatus = z.infer<typeof MirrorStatus>;

/** What would happen to the mirror as it stands, if. */
export const WhatIf = z.object({
  /**
   * `primary-stopped`: shut down in the ordinary way. `primary-hung`: it does nothing more, and does not find out. `primary-isolated`: its
   * host's network is gone, the other hosts reach each other. `members-disconnected`: only the network between the failover members is
   * gone. `backup-lost`, `arbiter-lost`: their hosts.
   */
  fault: z.enum([
    'primary-stopped',
    'primary-killed',
    'primary-hung',
    'primary-storage-failed',
    'primary-host-lost',
    'primary-isolated',
    'members-disconnected',
    'backup-lost',
    'arbiter-lost',
    'backup-and-arbiter-lost',
  ]),
  outcome: z.enum(['backup-takes-over', 'primary-continues', 'nobody-is-primary']),
  /** Member that is primary afterwards; null: nobody. */
  primary: z.string().nullable(),
  /** `if-forced`: an operator who forces a member to become primary may lose acknowledged updates. Nothing is lost without force. */
  dataAtRisk: z.enum(['none', 'if-forced']),
  /** For how long nothing new becomes durable; null: until something is repaired or a person acts. */
  timeMs: z.object({ atMost: z.number() }).nullable(),
  /** Each a sentence. */
  why: z.array(z.string()),
  /** The condition that messages.log will then show. */
  code: z.string(),
  facts: z.record(z.string(), z.union([z.string(), z.number()])),
});
export type WhatIf = z.infer<typeof WhatIf>;

export const InstanceState = z.enum(['running', 'stopped', 'starting', 'hung']);
export const InstanceStatus = z.object({
  name: z.string(),
  directory: z.string(),
  state: InstanceState,
  pid: z.number().nullable(),
  version: z.string(),
  superserverPort: z.number(),
  webPort: z.number(),
  mirrors: z.array(z.object({ mirror: z.string(), type: MemberType, status: MemberStatus })),
  /** Why it cannot be used as it is (a damaged or missing directory); absent when nothing is wrong. */
  problem: z.string().optional(),
});
export type InstanceStatus = z.infer<typeof InstanceStatus>;

export const DatabaseView = z.object({
  name: z.string(),
  directory: z.string(),
  mounted: z.boolean(),
  readOnly: z.boolean(),
  mirrored: z.boolean(),
  mirror: z.string().nullable(),
  mirrorDatabase: z.string().nullable(),
  /** It has kept the attribute of a mirror that the instance has left; activated after it has joined again. */
  retained: z.boolean().optional(),
  /** The FailoverDB flag: set, only the mirror updates it. null: not mirrored. */
  failoverDB: z.boolean().nullable(),
  /** Bytes of the database file. */
  size: z.number(),
  /** MB it may have; null: no limit. Left out, as what follows, of one that could not be opened. */
  maxSizeMB: z.number().nullable().optional(),
  /** MB by which its file is to grow; 0: as the system finds best. It has no effect. */
  expansionMB: z.number().optional(),
  /** What is to guard it; null: nothing is named. It has no effect yet. */
  resource: z.string().nullable().optional(),
  collation: z.string().optional(),
  /** It has reached its maximum size: updates that add data are refused with FILEFULL. */
  full: z.boolean().optional(),
});
export type DatabaseView = z.infer<typeof DatabaseView>;

/** Where journal data has got to on the way to one other member; null = not known, never shown as 0. */
export const LagStage = z.object({ position: Position.nullable(), behindBytes: z.number().nullable(), behindMs: z.number().nullable() });
export const MemberLag = z.object({ member: z.string(), written: LagStage, sent: LagStage, received: LagStage, dejournaled: LagStage });
export type MemberLag = z.infer<typeof MemberLag>;

/** One second of figures. Rates per second over the last interval; latencies of commits in it, null when there were none. */
export const Metrics = z.object({
  /** ms since the epoch */
  at: z.number(),
  updatesPerS: z.number(),
  journalKBs: z.number(),
  commitLatencyMs: z.object({ p50: z.number(), p99: z.number(), max: z.number() }).nullable(),
  executorStallMsMax: z.number(),
  clients: z.number(),
  memoryMB: z.number(),
});
export type Metrics = z.infer<typeof Metrics>;

/** What a console subscribes to on an instance: pushed at each change, and once a second while running. */
export const MonitorSnapshot = z.object({
  /** ms since the epoch at the instance */
  at: z.number(),
  instance: InstanceStatus,
  /** null: not in a mirror */
  mirror: MirrorStatus.nullable(),
  /** The others, of a reporting member that is in several; left out: there are none. */
  otherMirrors: z.array(MirrorStatus).optional(),
  lag: z.array(MemberLag),
  metrics: Metrics.nullable(),
  /** Would a failover work now: each precondition with its reason. */
  readiness: z.array(z.object({ check: z.string(), ok: z.boolean().nullable(), reason: z.string() })),
});
export type MonitorSnapshot = z.infer<typeof MonitorSnapshot>;

export const AgentStatus = z.object({
  state: z.enum(['running', 'stopped']),
  pid: z.number().nullable(),
  version: z.string(),
  port: z.number().nullable(),
  address: z.string().nullable(),
  home: z.string(),
  /** Mirrors this agent is arbiter for now. */
  arbiterFor: z.array(z.string()),
});
export type AgentStatus = z.infer<typeof AgentStatus>;
