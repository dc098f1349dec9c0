import { z } from 'zod';
import { JobBegun } from './jobs.ts';
import { Position } from './status.ts';

/** Backups of databases, freezing them for others' snapshots, and what a backup script asks about a member's role. */

const Epoch = z.object({ major: z.number(), minor: z.number(), member: z.string() });

/** A database as a backup has it. */
export const BackupDatabase = z.object({
  name: z.string(),
  guid: z.string(),
  /** null: not mirrored. */
  mirror: z.object({ name: z.string(), database: z.string(), guid: z.string(), failoverDB: z.boolean() }).nullable(),
  /** Of the journal that fed it; null: none yet. */
  journalId: z.string().nullable(),
  /** It has everything of that journal before it, and nothing behind it. */
  position: Position.nullable(),
  /** Where the oldest transaction began that was open there; null: none was. */
  openStart: Position.nullable(),
  /** Of its file. */
  bytes: z.number(),
  /** Of a mirrored one: the epochs of the mirror's journal up to then. */
  lineage: z.array(z.object({ epoch: Epoch, first: Position, previousEnd: Position, previousChain: z.string() })),
});
export type BackupDatabase = z.infer<typeof BackupDatabase>;

/** The beginning of a backup file. */
export const BackupHead = z.object({
  id: z.string(),
  /** Of Gemel. */
  version: z.string(),
  instance: z.string(),
  instanceGuid: z.string(),
  /** ms since the epoch */
  timeMs: z.number(),
  databases: z.array(BackupDatabase),
});
export type BackupHead = z.infer<typeof BackupHead>;

/** What a backup that was made or read through is. */
export const BackupResult = z.object({
  file: z.string(),
  head: BackupHead,
  /** Of all database files. */
  bytes: z.number(),
  /** Of the backup file. */
  fileBytes: z.number(),
  /** Changes of open transactions that a restore takes back. */
  undone: z.number(),
  /** SHA-256 in hex over all of the file. */
  digest: z.string(),
});
export type BackupResult = z.infer<typeof BackupResult>;

/** A restored database. */
export const RestoredDatabase = z.object({
  name: z.string(),
  directory: z.string(),
  /** `dejournaled`: a copy of the mirror that is being brought up to date; `retained`: read-only until its mirror attribute is removed. */
  as: z.enum(['dejournaled', 'retained', 'ordinary']),
  /** Why the mirror's journal does not bring it up to date; null: it does. */
  behind: z.string().nullable(),
});
export type RestoredDatabase = z.infer<typeof RestoredDatabase>;

export const FreezeView = z.object({
  /** Names of the databases. */
  databases: z.array(z.string()),
  /** ms since the epoch; when it ends by itself. */
  untilMs: z.number(),
});
export type FreezeView = z.infer<typeof FreezeView>;

/** What backup scripts ask: the answer is one of these words. */
export const MemberRole = z.enum(['primary', 'backup', 'failover', 'async', 'none']);

export const RoleView = z.object({
  instance: z.string(),
  /** `failover`: a failover member that is neither now. */
  role: MemberRole,
  /** null: in no mirror. */
  mirror: z.string().nullable(),
  member: z.string().nullable(),
  type: z.string().nullable(),
  status: z.string().nullable(),
});
export type RoleView = z.infer<typeof RoleView>;

export const backupMethods = {
  /** The job's result is a `BackupResult`. `file`: an absolute path on the instance's host, where nothing is yet. */
  'db.backup': {
    params: z.object({ databases: z.array(z.string()).min(1), file: z.string(), level: z.number().int().min(1).max(19).default(1) }),
    result: JobBegun,
  },
  /** The job's result is an array of `RestoredDatabase`. */
  'db.restore': {
    params: z.object({
      file: z.string(),
      /** One of the backup, by its name there; left out: all. */
      database: z.string().optional(),
      /** Of one alone. */
      as: z.string().optional(),
      directory: z.string().optional(),
      overwrite: z.boolean().default(false),
    }),
    result: JobBegun,
  },
  /** Database files get no writes until `db.thaw`, at the latest after the timeout. No names: all databases. */
  'db.freeze': {
    params: z.object({ databases: z.array(z.string()), timeoutMs: z.number().int().min(1000).max(3_600_000) }),
    result: FreezeView,
  },
  /** `intact`: nothing was written to the files in between. Throws NOT_FOUND when nothing is frozen (any more). */
  'db.thaw': { params: z.object({}), result: z.object({ message: z.string(), intact: z.boolean() }) },
  'mirror.role': { params: z.object({ mirror: z.string().optional() }), result: RoleView },
} as const;
