import { z } from 'zod';

const instance = z.string();
const mirror = z.string();
/** Of databases, at least one. */
const names = z.array(z.string()).min(1);

/** What is done with databases that are there. */
export const DatabaseWork = z.enum([
  'mount',
  'dismount',
  'activate',
  'catchup',
  'pauseDejournal',
  'markCaughtUp',
  'removeFromMirror',
  'recreate',
]);
export type DatabaseWork = z.infer<typeof DatabaseWork>;

/** Databases: made, brought into the mirror, kept going, backed up and compared. */
export const databaseActions = [
  /** `databases`: names in the mirror; `members`: on these; left out: on each that needs it. */
  z.object({ action: z.literal('mirrorDatabaseWork'), mirror, work: DatabaseWork, databases: names, members: names.optional() }),
  /** `databases`: names on that instance. */
  z.object({ action: z.literal('instanceDatabaseWork'), instance, work: DatabaseWork.extract(['mount', 'dismount']), databases: names }),
  z.object({
    action: z.literal('createDatabase'),
    /** Of a mirrored one the primary. */
    instance,
    name: z.string(),
    directory: z.string().optional(),
    maxSizeMB: z.number().positive().optional(),
    namespace: z.boolean(),
    /** null: not mirrored. `members`: others that get their copy at once. */
    mirrored: z.object({ mirror, database: z.string().optional(), members: z.array(z.string()) }).nullable(),
  }),
  z.object({
    action: z.literal('addDatabases'),
    mirror,
    /** `name`: on the primary; `mirrorDatabase`: in the mirror, left out: the same. */
    databases: z.array(z.object({ name: z.string(), mirrorDatabase: z.string().optional() })).min(1),
    /** Others that get a copy at once. */
    members: z.array(z.string()),
  }),
  /** `member` gets copies of databases of the mirror that it lacks; names in the mirror. */
  z.object({ action: z.literal('copyDatabases'), mirror, member: z.string(), databases: names }),
  z.object({ action: z.literal('verifyDatabases'), instance, databases: names }),
  /** `file`: on the instance's host. */
  z.object({ action: z.literal('backupDatabases'), instance, databases: names, file: z.string(), level: z.number().int().min(1).max(19) }),
  z.object({
    action: z.literal('restoreDatabases'),
    instance,
    file: z.string(),
    /** One of the backup; left out: all. */
    database: z.string().optional(),
    as: z.string().optional(),
    directory: z.string().optional(),
    overwrite: z.boolean(),
  }),
  z.object({
    action: z.literal('compareDatabases'),
    instance,
    mirror,
    /** Names in the mirror; left out: all. */
    databases: names.optional(),
    /** Member; left out: the primary, or on the primary its backup. */
    with: z.string().optional(),
    repair: z.boolean(),
  }),
  /** No names: all of the instance's. */
  z.object({
    action: z.literal('freezeDatabases'),
    instance,
    databases: z.array(z.string()),
    timeoutS: z.number().int().min(1).max(3600),
  }),
  z.object({ action: z.literal('thawDatabases'), instance }),
] as const;
