import { z } from 'zod';
import { JobProgress } from '../../engine/api/jobs.ts';
import { databaseActions } from './groups/databases.ts';
import { hostActions } from './groups/hosts.ts';
import { memberActions } from './groups/members.ts';
import { journalActions } from './groups/journals.ts';
import { mirrorSetupActions } from './groups/mirror-setup.ts';
import { roleActions } from './groups/roles.ts';

/** What the console can do to the world. Each action can be planned (nothing changes) and run (gives a job). */
export const Action = z.discriminatedUnion('action', [
  ...hostActions,
  ...mirrorSetupActions,
  ...roleActions,
  ...databaseActions,
  ...journalActions,
  ...memberActions,
]);
/** What the page sends. */
export type ActionInput = z.input<typeof Action>;
export type Action = z.output<typeof Action>;

export const PlannedStep = z.object({
  text: z.string(),
  /** The same by hand, ready for a shell; null for a step that only waits or checks. */
  command: z.string().nullable(),
});
export type PlannedStep = z.infer<typeof PlannedStep>;

/** Computed from the live state when asked; asked again before the action runs. */
export const Plan = z.object({
  action: Action,
  title: z.string(),
  /** Name of the mirror, instance or host it is about. */
  subject: z.string(),
  /** What will happen, one sentence each, with the facts of now. */
  consequences: z.array(z.string()),
  /** What was looked at before: null is not known. What fails is among the refusals too. */
  checks: z.array(z.object({ text: z.string(), ok: z.boolean().nullable(), reason: z.string() })),
  steps: z.array(PlannedStep),
  /** Not empty: it cannot be run now. Why, and what would make it possible. */
  refusals: z.array(z.object({ reason: z.string(), todo: z.string() })),
  /** Service or data is at risk: set the button apart and ask to type `confirmWord` where given. */
  danger: z.boolean(),
  confirmWord: z.string().nullable(),
});
export type Plan = z.infer<typeof Plan>;

/** An error as it crosses to the page: what happened, what is safe, what to do. */
export const Problem = z.object({ code: z.string(), what: z.string(), safe: z.string(), todo: z.string() });
export type Problem = z.infer<typeof Problem>;

/** `undone`: it was done, and taken back because a later step failed. */
export const StepState = z.enum(['waiting', 'running', 'done', 'failed', 'skipped', 'undone']);
export type StepState = z.infer<typeof StepState>;

export const JobStep = z.object({
  text: z.string(),
  command: z.string().nullable(),
  state: StepState,
  startedAt: z.number().nullable(),
  endedAt: z.number().nullable(),
  log: z.array(z.object({ at: z.number(), text: z.string() })),
  /** Of long work that an instance does; null: there is none to tell. */
  progress: JobProgress.nullable().default(null),
});
export type JobStep = z.infer<typeof JobStep>;

/** `interrupted`: the console ended while the job ran; what it had done stands in the steps. */
export const JobState = z.enum(['running', 'done', 'failed', 'cancelled', 'interrupted']);
export type JobState = z.infer<typeof JobState>;

export const JobView = z.object({
  id: z.number().int(),
  action: Action,
  title: z.string(),
  subject: z.string(),
  state: JobState,
  startedAt: z.number(),
  endedAt: z.number().nullable(),
  steps: z.array(JobStep),
  /** True while a cancel would leave nothing half done. */
  canCancel: z.boolean(),
  /** One sentence when done. */
  result: z.string().nullable(),
  error: Problem.nullable(),
});
export type JobView = z.infer<typeof JobView>;

export const AuditEntry = z.object({
  id: z.number().int(),
  at: z.number(),
  /** User of the operating system who ran the console. */
  who: z.string(),
  what: z.string(),
  subject: z.string(),
  outcome: z.enum(['started', 'done', 'failed', 'cancelled', 'refused', 'changed']),
  detail: z.string(),
});
export type AuditEntry = z.infer<typeof AuditEntry>;
