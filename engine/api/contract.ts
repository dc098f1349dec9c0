import { z } from 'zod';
import { backupMethods } from './backup.ts';
import { CompressionParams } from './compression.ts';
import { compareMethods } from './compare.ts';
import { DejournalSchedule, DejournalView, FilterView } from './dejournaling.ts';
import { databaseMethods } from './databases.ts';
import { InstanceJob, jobMethods } from './jobs.ts';
import { JoinAs } from './join-as.ts';
import { journalMethods } from './journals.ts';
import { LostPage, LostReport } from './lost.ts';
import { agentMessageMethods, messageMethods } from './messages.ts';
import { seedMethods } from './seeding.ts';
import { MirrorConfiguration } from './mirror-configuration.ts';
import { ParallelDejournaling } from './parallel.ts';
import { AgentStatus, DatabaseView, InstanceStatus, MirrorStatus, MonitorSnapshot, WhatIf } from './status.ts';

/** The management contract: every method of the control sockets. The command line and the console use these and nothing else. */

const nothing = z.object({});
const done = z.object({ message: z.string() });
/** The membership a new member gets; `elsewhere`: ask there, the primary is another member, whose agent and instance these are. */
export const Admitted = z.object({ membership: z.unknown(), elsewhere: z.object({ agent: z.string(), instance: z.string() }).nullable() });
export type Admitted = z.infer<typeof Admitted>;
/** Quality of service timeout, ms. */
const qosMs = z.number().int().min(100).max(600_000);
const addresses = {
  member: z.string().optional(),
  privateAddress: z.string().optional(),
  superserverAddress: z.string().optional(),
  /** HOST:PORT of this host's agent as others reach it */
  agentAddress: z.string().optional(),
};

/** Only kept and shown by this version, not bound. A member that joins has the mirror's, and may have another interface. */
const virtualAddress = {
  /** CIDR */
  vip: z.string().optional(),
  vipInterface: z.string().optional(),
};

/** `run/control.sock` of an instance. */
export const instanceMethods = {
  'instance.status': { params: nothing, result: InstanceStatus },
  /** Answers when the hand-over (primary) or clean end is under way; the process then ends by itself. */
  'instance.stop': { params: z.object({ nofailover: z.boolean().default(false) }), result: done },
  'db.create': {
    params: z.object({
      name: z.string(),
      directory: z.string().optional(),
      mirrored: z.boolean().default(false),
      mirror: z.string().optional(),
      mirrorDatabase: z.string().optional(),
      namespace: z.boolean().default(true),
      /** On the primary: as `db.seed` from the beginning. */
      wholeMirror: z.boolean().default(false),
      maxSizeMB: z.number().optional(),
    }),
    /** `job`: shows how the other members come by their copies; only with `wholeMirror`. */
    result: DatabaseView.extend({ job: z.string().optional() }),
  },
  'db.list': { params: nothing, result: z.array(DatabaseView) },
  /** On a reporting member: mirrored databases take local updates too, for good. One, or all that still have the flag. */
  'db.clearFailoverDB': { params: z.object({ name: z.string().optional(), all: z.boolean().default(false) }), result: done },
  'db.verify': {
    params: z.object({ name: z.string() }),
    result: z.object({ sound: z.boolean(), nodes: z.number(), digest: z.string(), position: z.string(), problems: z.array(z.string()) }),
  },
  'mirror.create': {
    params: z.object({
      name: z.string(),
      /** HOST:PORT */
      arbiter: z.string().optional(),
      /** Allows an arbiter on a member's host: for the demo and tests on one computer. */
      arbiterOnMemberHost: z.boolean().default(false),
      qosMs: qosMs.default(8000),
      ...CompressionParams.shape,
      parallelDejournaling: ParallelDejournaling.optional(),
      ...virtualAddress,
      ...addresses,
    }),
    result: done,
  },
  'mirror.join': {
    params: z.object({
      mirror: z.string(),
      as: JoinAs,
      /** HOST:PORT of the agent on a failover member's host */
      agent: z.string(),
      /** instance name of that failover member there */
      via: z.string(),
      ...virtualAddress,
      ...addresses,
    }),
    result: done,
  },
  /** Asked by this host's agent for a member that wants to join: adds it to the membership and returns that. */
  'mirror.admit': {
    params: z.object({ mirror: z.string(), member: z.record(z.string(), z.unknown()) }),
    result: Admitted,
  },
  'mirror.status': { params: z.object({ mirror: z.string().optional() }), result: MirrorStatus },
  /** What was set for the mirror and its members, as this member has it. */
  'mirror.configuration': { params: z.object({ mirror: z.string().optional() }), result: MirrorConfiguration },
  /** What would happen now if. Refused where no operating primary is known. */
  'mirror.whatIf': { params: z.object({ mirror: z.string().optional() }), result: z.array(WhatIf) },
  'mirror.setNoFailover': { params: nothing, result: done },
  'mirror.clearNoFailover': { params: nothing, result: done },
  /** On the primary: hands over to the active backup and stays up as its backup. */
  'mirror.switchOver': { params: nothing, result: done },
  /** Asks once more, now, for the right to be primary. */
  'mirror.tryPrimary': { params: nothing, result: done },
  /** Unconfirmed it is refused with what it would mean: the condition and its facts. Waits up to 60 s. */
  'mirror.forcePrimary': { params: z.object({ confirmed: z.boolean().default(false) }), result: done },
  /** For a primary in trouble without end; what the operator has made sure of. */
  'mirror.resumePrimary': {
    params: z.object({
      otherIsDown: z.boolean().default(false),
      otherNeverBecamePrimary: z.boolean().default(false),
      otherHasNoNewerJournalFile: z.boolean().default(false),
    }),
    result: done,
  },
  /** Stops and starts mirroring on this member; survives restarts of the instance. */
  'mirror.stop': { params: z.object({ mirror: z.string().optional() }), result: done },
  'mirror.start': { params: z.object({ mirror: z.string().optional() }), result: done },
  /**
   * On a disaster recovery async. With an operating primary it becomes the backup, and the backup a disaster recovery async. With none
   * a former failover member becomes the partner, chosen by itself where all their agents answer.
   */
  'mirror.promote': {
    params: z.object({
      mirror: z.string().optional(),
      /** Name of the failover member to be paired with; null: none. */
      partner: z.string().nullable().optional(),
      /** Without a partner: prepare, and wait for no failover to be cleared. */
      nofailover: z.boolean().default(false),
      /** Journal data may be lost. Unconfirmed it is refused with what would be. */
      confirmed: z.boolean().default(false),
      /** Of this host, in a mirror with a virtual address; left out: the only one in that address's network. */
      vipInterface: z.string().optional(),
      /** This host may have no interface in the network of the virtual address. */
      withoutVip: z.boolean().default(false),
      /** Everybody is asked and nothing is done: what it would come to, or the refusal. */
      dryRun: z.boolean().default(false),
    }),
    result: z.object({
      message: z.string(),
      /** null: none. */
      partner: z.string().nullable(),
      /** Where ValidatedMember=0 has to be set by hand before the instance is started. */
      setValidatedMember: z.array(z.string()),
    }),
  },
  /** On the backup, or on the primary of the backup: it becomes a disaster recovery async. */
  'mirror.demote': { params: z.object({ mirror: z.string().optional() }), result: done },
  /** On an async member; `status` changes nothing. Minutes of the day, local time there. */
  'mirror.dejournal': {
    params: z.object({
      mirror: z.string().optional(),
      action: z.enum(['pause', 'start', 'schedule', 'continuous', 'status']),
      ...DejournalSchedule.partial().shape,
    }),
    result: DejournalView,
  },
  /** On a reporting member: which updates its read-write databases take; `status` changes nothing. */
  'mirror.filter': {
    params: z.object({
      mirror: z.string().optional(),
      action: z.enum(['set', 'clear', 'status']),
      /** Path of a module that exports the class DejournalFilter; of `set` only. */
      file: z.string().optional(),
    }),
    result: FilterView,
  },
  /** On an async: it becomes one of another type. To read-write, with databases that have the FailoverDB flag, it has to be said what becomes of that. */
  'mirror.changeType': {
    params: z.object({
      mirror: z.string().optional(),
      as: JoinAs.exclude(['failover']),
      failoverDB: z.enum(['clear', 'keep']).optional(),
    }),
    result: done,
  },
  /** Updates that only this member had when its mirror went on without them; oldest report first. */
  'mirror.lostReports': { params: z.object({ mirror: z.string().optional() }), result: z.array(LostReport) },
  /** A page of a report; left out: of the newest. `from` is 0, or `next` of the page before. */
  'mirror.lostPage': {
    params: z.object({ mirror: z.string().optional(), report: z.string().optional(), from: z.number().int().min(0).default(0) }),
    result: LostPage,
  },
  /** On a member that is not primary: builds it anew from the primary. Answers when it begins to take journal; `aside`: where what it had is. */
  'mirror.rebuild': {
    params: z.object({ mirror: z.string().optional(), from: z.string().optional() }),
    result: done.extend({ aside: z.array(z.string()) }),
  },
  /**
   * One of three: settings of the mirror, on the primary; the addresses of a member, on the primary or, for itself alone, on a member
   * that follows none; the own superserver port, on any member.
   */
  'mirror.edit': {
    params: z.object({
      mirror: z.string().optional(),
      /** HOST:PORT; null: none from now on */
      arbiter: z.string().nullable().optional(),
      arbiterOnMemberHost: z.boolean().optional(),
      qosMs: qosMs.optional(),
      ...CompressionParams.shape,
      parallelDejournaling: ParallelDejournaling.optional(),
      /** CIDR; null: none from now on */
      vip: z.string().nullable().optional(),
      /** With `member`: on that member only. */
      vipInterface: z.string().optional(),
      ...addresses,
      superserverPort: z.number().int().min(1).max(65535).optional(),
    }),
    result: done,
  },
  /** On the primary: any other member; on the backup: asyncs. */
  'mirror.removeMember': { params: z.object({ mirror: z.string().optional(), member: z.string() }), result: done },
  /** This instance is no member any more. `keep`: its databases stay mirrored, and read-only; `unmirror`: they become ordinary ones. */
  'mirror.remove': { params: z.object({ mirror: z.string().optional(), databases: z.enum(['keep', 'unmirror']) }), result: done },
  'journal.switch': { params: nothing, result: z.object({ file: z.string() }) },
  ...journalMethods,
  ...databaseMethods,
  ...jobMethods,
  ...compareMethods,
  ...backupMethods,
  ...seedMethods,
  ...messageMethods,
} as const;

/** `run/agent.sock` of a host. */
export const agentMethods = {
  'agent.status': { params: nothing, result: AgentStatus },
  'agent.stop': { params: nothing, result: done },
  /** Every instance of this host, running or not. */
  'host.inventory': { params: nothing, result: z.array(InstanceStatus) },
  'instance.create': {
    params: z.object({
      name: z.string(),
      directory: z.string().optional(),
      superserverPort: z.number().int().optional(),
      webPort: z.number().int().optional(),
    }),
    result: InstanceStatus,
  },
  'instance.start': { params: z.object({ name: z.string() }), result: InstanceStatus },
  'instance.stop': {
    params: z.object({
      name: z.string(),
      nofailover: z.boolean().default(false),
      force: z.boolean().default(false),
      restart: z.boolean().default(false),
    }),
    result: InstanceStatus,
  },
  'instance.delete': { params: z.object({ name: z.string() }), result: done },
  ...agentMessageMethods,
} as const;

/** Subscriptions: the server pushes a value at once and then at each change. */
export const instanceTopics = { monitor: MonitorSnapshot, jobs: z.array(InstanceJob) } as const;
export const agentTopics = { inventory: z.array(InstanceStatus) } as const;

export type Methods = Record<string, { params: z.ZodType; result: z.ZodType }>;
export type Topics = Record<string, z.ZodType>;
export type InstanceMethods = typeof instanceMethods;
export type AgentMethods = typeof agentMethods;
export type Params<M extends Methods, K extends keyof M> = z.input<M[K]['params']>;
export type Parsed<M extends Methods, K extends keyof M> = z.output<M[K]['params']>;
export type Result<M extends Methods, K extends keyof M> = z.output<M[K]['result']>;
