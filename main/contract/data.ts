import { z } from 'zod';
import { JournalList, RecordView } from '../../engine/api/journals.ts';
import { DatabaseStatus, DatabaseView, MemberStatus, MemberType, MirroredDatabaseView } from '../../engine/api/status.ts';
import { Freshness, Severity } from './views.ts';

/** Databases and journals as the pages see them. */

/** A mirrored database on one member. */
export const DatabaseCell = z.object({
  /** `Missing`: the mirror has it, this member not. null: the member has not told, or not since it was lost. */
  status: DatabaseStatus.or(z.literal('Missing')).nullable(),
  severity: Severity,
  nextRecord: MirroredDatabaseView.shape.nextRecord.nullable(),
  failoverDB: z.boolean().nullable(),
  /** Why it does not follow the mirror; null: it does, or the status says it all. */
  reason: z.string().nullable(),
  /** Its name on the instance, and bytes of its file; null: not asked yet. */
  name: z.string().nullable(),
  size: z.number().nullable(),
});
export type DatabaseCell = z.infer<typeof DatabaseCell>;

export const DatabaseMember = z.object({
  name: z.string(),
  type: MemberType,
  status: MemberStatus,
  /** InstanceView id; null: this console does not reach it. */
  instance: z.string().nullable(),
  connection: Freshness.pick({ state: true, reason: true }),
});
export type DatabaseMember = z.infer<typeof DatabaseMember>;

/** Every mirrored database on every member. */
export const DatabaseMatrix = z.object({
  mirror: z.string(),
  /** Primary first, then the other failover member, then asyncs. */
  members: z.array(DatabaseMember),
  /** Worst first. `cells`: one for each of `members`. */
  rows: z.array(z.object({ database: z.string(), severity: Severity, cells: z.array(DatabaseCell) })),
});
export type DatabaseMatrix = z.infer<typeof DatabaseMatrix>;

/** Which records of an instance's journal are read. Times in ms since the epoch. */
export const JournalQuery = z.discriminatedUnion('kind', [
  /** All records of a file, from the block that is at or behind `offset` on. */
  z.object({ kind: z.literal('file'), file: z.string().min(1), offset: z.number().int().min(0).default(0) }),
  /** Those of all files that fit, oldest first. */
  z.object({
    kind: z.literal('search'),
    /** null: the local one; left out: all. */
    journal: z.string().nullable().optional(),
    global: z.string().optional(),
    from: z.number().optional(),
    to: z.number().optional(),
    process: z.number().int().min(0).optional(),
    transaction: z.number().int().min(0).optional(),
    /** Its mirror database name, or its directory. */
    database: z.string().optional(),
  }),
]);
export type JournalQuery = z.input<typeof JournalQuery>;

const instance = z.string();
const reader = z.number().int();
const nothing = z.object({});

export const dataCalls = {
  /** Databases of a running instance. */
  'database.list': { params: z.object({ instance }), result: z.array(DatabaseView) },
  /** Also of an instance that is down: then nobody can say what is kept, and why. */
  'journal.list': { params: z.object({ instance }), result: JournalList },
  /** Begins to read; `journal.read` gives what was found. A reader that is not asked for five minutes is forgotten. */
  'journal.open': { params: z.object({ instance, query: JournalQuery }), result: z.object({ reader }) },
  /** The next records: as soon as there are any, at most `count`; none when there were none for `waitMs`. Throws what ended the reading. */
  'journal.read': {
    params: z.object({ reader, count: z.number().int().min(1).max(500), waitMs: z.number().min(0).max(30_000).default(0) }),
    result: z.object({ records: z.array(RecordView), isAtEnd: z.boolean() }),
  },
  'journal.close': { params: z.object({ reader }), result: nothing },
} as const;

export const dataTopics = {
  /** null while no mirror of that name is known. */
  databases: { params: z.object({ mirror: z.string() }), value: DatabaseMatrix.nullable() },
} as const;
