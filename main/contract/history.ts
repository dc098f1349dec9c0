import { z } from 'zod';
import { Severity } from './views.ts';

/** What was recorded of a mirror over time, and the explanation of a takeover. Times in ms since the epoch; null = not known. */

/** How far a member was behind the primary; of a longer step the worst of it. */
export const LagPoint = z.object({
  at: z.number(),
  /** Length of the step in ms. */
  stepMs: z.number(),
  /** Behind what the primary had written: received by the member, and applied to its databases. */
  receivedMs: z.number().nullable(),
  receivedBytes: z.number().nullable(),
  dejournaledMs: z.number().nullable(),
  dejournaledBytes: z.number().nullable(),
});
export type LagPoint = z.infer<typeof LagPoint>;

export const MemberLags = z.object({ member: z.string(), points: z.array(LagPoint) });
export type MemberLags = z.infer<typeof MemberLags>;

/** Something that happened, to be marked on a chart. */
export const HistoryEvent = z.object({
  /** `role-3`, `alert-7`, `job-2` */
  id: z.string(),
  at: z.number(),
  kind: z.enum(['role', 'alert', 'job']),
  severity: Severity,
  subject: z.string(),
  text: z.string(),
  /** A member became primary then: that moment can be explained. */
  explain: z.boolean(),
  job: z.number().int().nullable(),
});
export type HistoryEvent = z.infer<typeof HistoryEvent>;

/** A line of a log on the timeline of a takeover. */
export const TimelineEntry = z.object({
  /** By the clock of the host that wrote it. */
  at: z.number(),
  /** Name of the source it comes from. */
  source: z.string(),
  /** 0 information, 1 warning, 2 a person should look, 3 fatal */
  severity: z.number().int(),
  code: z.string().nullable(),
  /** Of the condition; null where the line tells of none that is known. */
  title: z.string().nullable(),
  text: z.string(),
  facts: z.record(z.string(), z.string()),
  /** The member, agent or arbiter settled here who is primary. */
  decision: z.boolean(),
});
export type TimelineEntry = z.infer<typeof TimelineEntry>;

/** One whose log was asked for. */
export const TimelineSource = z.object({
  name: z.string(),
  kind: z.enum(['member', 'agent', 'arbiter']),
  lines: z.number().int(),
  /** There was more in that time than is shown. */
  more: z.boolean(),
  /** Why it could not be read; null: it was. */
  problem: z.string().nullable(),
});
export type TimelineSource = z.infer<typeof TimelineSource>;

export const Explanation = z.object({
  /** When the member became primary; null: no log that could be read tells of that. */
  at: z.number().nullable(),
  from: z.number(),
  to: z.number(),
  /** Who became primary, and who was before. */
  primary: z.string().nullable(),
  before: z.string().nullable(),
  /** What happened in a few sentences. */
  summary: z.array(z.string()),
  /** From the first sign of trouble until the mirror was open for users again; null where the logs do not tell. */
  outageMs: z.number().nullable(),
  sources: z.array(TimelineSource),
  /** By time. */
  entries: z.array(TimelineEntry),
});
export type Explanation = z.infer<typeof Explanation>;
