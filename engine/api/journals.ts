import { z } from 'zod';
import { JobBegun } from './jobs.ts';
import { LostBytes } from './lost.ts';
import { Position } from './status.ts';

/** Journal files of an instance: what there is, why it is kept, and what stands in it. */

/** Why a journal file stays. */
export const KeepReason = z.object({
  code: z.enum([
    /** Written or received now. */
    'in-use',
    /** A transaction that is open began in it. */
    'transaction',
    /** A database here has not taken it for certain, or is not mounted. */
    'database',
    /** A failover member lacks it. */
    'failover-member',
    /** An async member lacks it. */
    'async',
    /** The outcome of transactions over both journals is not known. */
    'prepared',
    /** The mirror's journal here is being cut, or cannot be read. */
    'journal',
    /** Fewer backups were taken after it than [Journal] BackupsBeforePurge says. */
    'backup',
    /** Younger than the settings of [Journal] say. */
    'setting',
    /** An older one stays: files go oldest first. */
    'older',
  ]),
  text: z.string(),
});
export type KeepReason = z.infer<typeof KeepReason>;

export const JournalFileView = z.object({
  number: z.number().int(),
  name: z.string(),
  path: z.string(),
  /** ISO times; null: it has no record yet, or its end cannot be read. */
  created: z.string(),
  firstRecord: z.string().nullable(),
  lastRecord: z.string().nullable(),
  /** `major.minor` */
  epoch: z.string(),
  /** Bytes of journal in it. */
  size: z.number(),
  inUse: z.boolean(),
  /** It would go now. null: the instance is not running, so nobody can say. */
  purgeable: z.boolean().nullable(),
  kept: z.array(KeepReason),
  /** What is wrong with it; null: nothing that its header and its last block show. */
  problem: z.string().nullable(),
});
export type JournalFileView = z.infer<typeof JournalFileView>;

/** When the disk of the journals is full, at the present rate. */
export const JournalForecast = z.object({
  freeBytes: z.number(),
  /** Of all journals here, over the last `overHours`. */
  bytesPerDay: z.number(),
  overHours: z.number(),
  /** What would be purged now. */
  purgeableBytes: z.number(),
  /** What is kept for nothing but the age that the settings want: it goes by itself. */
  agingBytes: z.number(),
  /** ISO time at which the disk is full if nothing of that goes; null: not within ten years. */
  fullAt: z.string().nullable(),
  /** The same if everything goes by itself that is kept for its age alone; null: not within ten years. */
  fullAtWithPurge: z.string().nullable(),
  /** What keeps files from being purged that are old enough. */
  holding: z.array(z.string()),
  /** Async members that were away for too long: nothing is kept for them. */
  notKeptFor: z.array(z.string()),
});
export type JournalForecast = z.infer<typeof JournalForecast>;

export const JournalView = z.object({
  /** null: the local journal. */
  mirror: z.string().nullable(),
  directory: z.string(),
  files: z.array(JournalFileView),
});
export type JournalView = z.infer<typeof JournalView>;

export const JournalList = z.object({ journals: z.array(JournalView), forecast: JournalForecast.nullable() });
export type JournalList = z.infer<typeof JournalList>;

export const PurgeResult = z.object({
  dryRun: z.boolean(),
  journals: z.array(
    z.object({
      mirror: z.string().nullable(),
      purged: z.array(z.object({ name: z.string(), size: z.number() })),
      kept: z.array(z.object({ name: z.string(), size: z.number(), reasons: z.array(KeepReason) })),
    }),
  ),
});
export type PurgeResult = z.infer<typeof PurgeResult>;

export const RecordKind = z.enum(['set', 'kill', 'kill subtree', 'begin transaction', 'commit', 'rollback', 'database', 'mark']);
export type RecordKind = z.infer<typeof RecordKind>;

export const RecordDatabase = z.object({ name: z.string(), guid: z.string() });
export type RecordDatabase = z.infer<typeof RecordDatabase>;

/** A record of a journal. */
export const RecordView = z.object({
  file: z.string(),
  /** In that file. */
  offset: z.number(),
  /** Where its block begins. */
  block: z.number(),
  /** ISO time of its block. */
  time: z.string(),
  /** `major.minor` */
  epoch: z.string(),
  kind: RecordKind,
  /** null: it belongs to none. */
  database: RecordDatabase.nullable(),
  reference: LostBytes.nullable(),
  /** null: there was no value. */
  old: LostBytes.nullable(),
  /** null: killed. */
  new: LostBytes.nullable(),
  note: z.string().nullable(),
  /** Session. */
  process: z.number(),
  /** null: outside of transactions. */
  transaction: z.number().nullable(),
  /** Written by a rollback. */
  compensation: z.boolean(),
});
export type RecordView = z.infer<typeof RecordView>;

/** What verifying journal files found. */
export const JournalFinding = z.object({
  file: z.string(),
  /** null: it is about the file as a whole. */
  offset: z.number().nullable(),
  reason: z.string(),
  /** false: worth knowing, and nothing is wrong. */
  isFault: z.boolean(),
});
export type JournalFinding = z.infer<typeof JournalFinding>;

export const JournalVerification = z.object({
  sound: z.boolean(),
  files: z.number(),
  blocks: z.number(),
  bytes: z.number(),
  findings: z.array(JournalFinding),
});
export type JournalVerification = z.infer<typeof JournalVerification>;

const which = { mirror: z.string().optional(), local: z.boolean().default(false) };

export const journalMethods = {
  'journal.list': { params: z.object(which), result: JournalList },
  /** `olderThanDays` instead of the settings' age, for this once; nothing that is needed goes. */
  'journal.purge': {
    params: z.object({ ...which, dryRun: z.boolean().default(false), olderThanDays: z.number().min(0).optional() }),
    result: PurgeResult,
  },
  /** Everything recorded before the call is durable when it answers. */
  'journal.sync': {
    params: z.object({}),
    result: z.object({ journals: z.array(z.object({ mirror: z.string().nullable(), position: Position })) }),
  },
  /** A job; its result is a `RestoredJournals`. */
  'journal.restore': {
    params: z.object({
      database: z.string(),
      /** Paths on the instance's host, oldest first. */
      files: z.array(z.string()).min(1),
      /** What the journal calls the database; left out: its directory. */
      source: z.string().optional(),
      /** ISO time, or FILE:OFFSET with the number or name of a file: blocks that end there or before; left out: all there is. */
      to: z.string().optional(),
      /** `^name(subscripts)`: that node and everything below it only. */
      global: z.string().optional(),
    }),
    result: JobBegun,
  },
} as const;

export const RestoredJournals = z.object({
  message: z.string(),
  updates: z.number(),
  rolledBack: z.number(),
  /** Where the last block that was applied ends. */
  upTo: z.object({ file: z.string(), offset: z.number() }),
});
export type RestoredJournals = z.infer<typeof RestoredJournals>;
