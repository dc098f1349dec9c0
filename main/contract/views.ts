import { z } from 'zod';
import { AgentStatus, ArbiterView, InstanceStatus, MemberStatus, MemberType, MonitorSnapshot, WhatIf } from '../../engine/api/status.ts';
import { Problem } from './actions.ts';

/** What the pages see. All times are ms since the epoch on the console's computer unless said otherwise; null = not known, never shown as 0. */

/** Worst last; the overview lists in the opposite order. `unknown` is worse than good: it may hide anything. */
export const Severity = z.enum(['good', 'unknown', 'attention', 'bad']);
export type Severity = z.infer<typeof Severity>;

/** Whether what is shown is fresh: while `lost`, the data beside it is as of `asOf`. */
export const Freshness = z.object({
  state: z.enum(['connecting', 'live', 'lost', 'stopped']),
  /** Since when the state is what it is. */
  since: z.number(),
  /** When the data shown arrived; null when none ever did. */
  asOf: z.number().nullable(),
  /** Why there is no connection, one sentence; null while live. */
  reason: z.string().nullable(),
});
export type Freshness = z.infer<typeof Freshness>;

export const HostView = z.object({
  /** Stable id, e.g. `local`, `demo-a`. */
  id: z.string(),
  label: z.string(),
  kind: z.enum(['local']),
  /** The host's root directory (GEMEL_HOME). */
  home: z.string(),
  severity: Severity,
  connection: Freshness,
  agent: AgentStatus.nullable(),
});
export type HostView = z.infer<typeof HostView>;

export const InstanceView = z.object({
  /** `<host id>/<instance name>` */
  id: z.string(),
  host: z.string(),
  name: z.string(),
  severity: Severity,
  /** Of the instance's own control socket; `stopped` when the instance is not running. */
  connection: Freshness,
  status: InstanceStatus,
});
export type InstanceView = z.infer<typeof InstanceView>;

/** A question of the console with its answer: the reason is one sentence, the fix an action that is on offer. */
export const Answer = z.object({ severity: Severity, text: z.string(), reason: z.string() });
export type Answer = z.infer<typeof Answer>;

export const MirrorMemberView = z.object({
  name: z.string(),
  type: MemberType,
  status: MemberStatus,
  severity: Severity,
  /** Id of the InstanceView where this console knows the member's instance. */
  instance: z.string().nullable(),
  journalTransfer: z.string(),
  dejournaling: z.string(),
  /** Bytes and ms of journal this member does not have yet. */
  behindBytes: z.number().nullable(),
  behindMs: z.number().nullable(),
});
export type MirrorMemberView = z.infer<typeof MirrorMemberView>;

export const TopologyNode = z.object({
  id: z.string(),
  kind: z.enum(['member', 'arbiter', 'agent']),
  label: z.string(),
  /** Second line, e.g. the role or the address. */
  detail: z.string(),
  severity: Severity,
  /** Id of the InstanceView behind a member; null where not known here. */
  instance: z.string().nullable(),
  /** Left out: it is no member. */
  memberType: MemberType.optional(),
});
export type TopologyNode = z.infer<typeof TopologyNode>;

export const TopologyLink = z.object({
  id: z.string(),
  /** Node ids; data flows from `from` to `to`. */
  from: z.string(),
  to: z.string(),
  kind: z.enum(['data', 'arbiter', 'agent']),
  state: z.enum(['up', 'down', 'unknown']),
  severity: Severity,
  /** Live lag of a data link. */
  behindMs: z.number().nullable(),
  behindBytes: z.number().nullable(),
  /** One sentence for the table and the screen reader. */
  text: z.string(),
});
export type TopologyLink = z.infer<typeof TopologyLink>;

export const Environment = z.enum(['none', 'test', 'production']);
export type Environment = z.infer<typeof Environment>;

export const MirrorView = z.object({
  name: z.string(),
  environment: Environment,
  /** The read-only lock: while on, every action on this mirror is refused. */
  locked: z.boolean(),
  /** Made by *Create a demo mirror*: can be removed as a whole. */
  demo: z.boolean(),
  severity: Severity,
  noFailover: z.boolean().nullable(),
  /** Is my data safe; would a failover work right now; what should I do next. */
  dataSafe: Answer,
  failoverReady: Answer,
  nextStep: Answer,
  /** Name of the member that is primary now; null when none is known. */
  primary: z.string().nullable(),
  /** Each failover precondition as the best informed member sees it. */
  readiness: MonitorSnapshot.shape.readiness,
  members: z.array(MirrorMemberView),
  arbiter: ArbiterView.nullable(),
  topology: z.object({ nodes: z.array(TopologyNode), links: z.array(TopologyLink) }),
  /** Whose picture this is (InstanceView id) and how fresh it is. */
  source: z.string().nullable(),
  connection: Freshness,
});
export type MirrorView = z.infer<typeof MirrorView>;

/** Everything, each list worst first. `hosts` is never empty; no mirrors = first start. */
export const Overview = z.object({
  at: z.number(),
  hosts: z.array(HostView),
  instances: z.array(InstanceView),
  mirrors: z.array(MirrorView),
});
export type Overview = z.infer<typeof Overview>;

/** One member's own view of itself and its mirror. */
export const MemberMonitor = z.object({
  /** InstanceView id */
  instance: z.string(),
  name: z.string(),
  status: InstanceStatus,
  connection: Freshness,
  /** The newest snapshot, `connection.asOf` old; null when none ever arrived. */
  snapshot: MonitorSnapshot.nullable(),
});
export type MemberMonitor = z.infer<typeof MemberMonitor>;

/** The Mirror Monitor: the mirror and every member that this console can reach, by member name. */
export const MirrorMonitor = z.object({ mirror: MirrorView, members: z.array(MemberMonitor) });
export type MirrorMonitor = z.infer<typeof MirrorMonitor>;

/** What would happen to a mirror if: computed by the engine of one member, from what it knew then. */
export const WhatIfView = z.object({
  /** Member that was asked; null: nobody could be. */
  member: z.string().nullable(),
  /** When it answered. */
  asOf: z.number().nullable(),
  /** Empty where there is a problem. */
  answers: z.array(WhatIf),
  /** Why nothing can be foretold now. */
  problem: Problem.nullable(),
});
export type WhatIfView = z.infer<typeof WhatIfView>;

/** A point of a chart: one second when recent, the mean (latencies and stall: the worst) of a longer step when old. */
export const HistoryPoint = z.object({
  at: z.number(),
  /** Length of the step in ms. */
  stepMs: z.number(),
  updatesPerS: z.number(),
  journalKBs: z.number(),
  latencyMsP50: z.number().nullable(),
  latencyMsP99: z.number().nullable(),
  latencyMsMax: z.number().nullable(),
  stallMsMax: z.number(),
  clients: z.number(),
  memoryMB: z.number(),
});
export type HistoryPoint = z.infer<typeof HistoryPoint>;

export const Theme = z.enum(['light', 'dark', 'system']);
export type Theme = z.infer<typeof Theme>;
export const MirrorSettings = z.object({ environment: Environment, locked: z.boolean() });
export type MirrorSettings = z.infer<typeof MirrorSettings>;
export const Settings = z.object({ theme: Theme, mirrors: z.record(z.string(), MirrorSettings) });
export type Settings = z.infer<typeof Settings>;

export const AppInfo = z.object({
  version: z.string(),
  shell: z.enum(['electron', 'web']),
  /** GEMEL_HOME of this console. */
  home: z.string(),
  platform: z.string(),
  node: z.string(),
  /** Version of the Electron runtime; null in the web shell. */
  electron: z.string().nullable(),
});
export type AppInfo = z.infer<typeof AppInfo>;
