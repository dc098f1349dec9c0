import { z } from 'zod';

/** Long work of an instance, done beside everything else: a backup, a restore, several databases brought into the mirror. */

export const JobProgress = z.object({
  /** Of `total`, in `unit`; never less than before. */
  done: z.number(),
  /** null: not known. */
  total: z.number().nullable(),
  unit: z.enum(['bytes', 'databases', 'files', 'records', 'nodes']),
  /** What is being done now. */
  text: z.string(),
});
export type JobProgress = z.infer<typeof JobProgress>;

/** As `GemelError` travels. */
const JobError = z.object({ code: z.string(), what: z.string(), safe: z.string(), todo: z.string() });

export const InstanceJob = z.object({
  id: z.string(),
  /** Name of the method that began it. */
  kind: z.string(),
  title: z.string(),
  state: z.enum(['running', 'done', 'failed', 'cancelled']),
  /** ms since the epoch */
  startedAt: z.number(),
  endedAt: z.number().nullable(),
  progress: JobProgress.nullable(),
  /** It can be stopped now without harm. */
  cancellable: z.boolean(),
  /** One line for each step, with ms since the epoch; the newest 200 of `stepCount`. */
  steps: z.array(z.object({ at: z.number(), text: z.string() })),
  stepCount: z.number(),
  /** Once `done`: what the method documents. */
  result: z.unknown(),
  /** Once `failed` or `cancelled`. */
  error: JobError.nullable(),
});
export type InstanceJob = z.infer<typeof InstanceJob>;

/** What a method answers that begins a job. */
export const JobBegun = z.object({ job: z.string() });

export const jobMethods = {
  /** Those under way and the last ones that ended since the instance started, newest first. */
  'job.list': { params: z.object({}), result: z.array(InstanceJob) },
  /** Answers when the job has ended, or after `waitMs` as it is then. */
  'job.get': { params: z.object({ job: z.string(), waitMs: z.number().min(0).max(60_000).default(0) }), result: InstanceJob },
  'job.cancel': { params: z.object({ job: z.string() }), result: z.object({ message: z.string() }) },
} as const;
