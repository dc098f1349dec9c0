import { z } from 'zod';
import { Severity } from './views.ts';

/** What the console watches for. */
export const AlertRule = z.enum([
  'noPrimary',
  'severalPrimaries',
  'primaryInTrouble',
  'primaryChanged',
  'mirrorUnseen',
  'memberLost',
  'memberWaiting',
  'backupNotActive',
  'noFailover',
  'arbiterLost',
  'databasesNeedAttention',
  'missingDatabases',
  'dejournalingStopped',
  'asyncBehind',
  'agentLost',
  'instanceHung',
  'jobFailed',
]);
export type AlertRule = z.infer<typeof AlertRule>;

export const Alert = z.object({
  id: z.number().int(),
  rule: AlertRule,
  /** null: of a host or of the console itself */
  mirror: z.string().nullable(),
  /** Name of the mirror, member, instance, host or job it is about. */
  subject: z.string(),
  severity: Severity.extract(['attention', 'bad']),
  /** What is the case. */
  text: z.string(),
  /** What to do. */
  todo: z.string(),
  /** Since when it is the case, ms since the epoch on the console's computer. */
  since: z.number(),
  /** null: it still is. One that tells of something done (a changed primary, a failed job) stands until it is acknowledged. */
  until: z.number().nullable(),
  acknowledged: z.object({ at: z.number(), who: z.string() }).nullable(),
  /** The change of primary it is about can be explained. */
  explain: z.boolean(),
  job: z.number().int().nullable(),
});
export type Alert = z.infer<typeof Alert>;
