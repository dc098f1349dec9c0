import { z } from 'zod';
import { Action, AuditEntry, JobView, Plan } from './actions.ts';
import { dataCalls, dataTopics } from './data.ts';
import { About, Form, FormName, FormValues } from './forms.ts';
import { AppInfo, Environment, HistoryPoint, MirrorMonitor, Overview, Settings, Theme, WhatIfView } from './views.ts';

/** The one map of everything that crosses between page and main. Both sides check every value with it. */

const nothing = z.object({});

export const calls = {
  'app.info': { params: nothing, result: AppInfo },
  /** What an action would do now. Changes nothing. */
  plan: { params: Action, result: Plan },
  /** Plans again, refuses (code REFUSED) with the first refusal, else starts a job and answers at once. */
  run: { params: Action, result: z.object({ job: z.number().int() }) },
  /** A wizard's form with what was typed so far; without `values` where it was left, else with the defaults. Changes nothing but that draft. */
  form: { params: z.object({ form: FormName, about: About, values: FormValues.optional() }), result: Form },
  /** What was typed is forgotten. */
  'form.forget': { params: z.object({ form: FormName, about: About }), result: nothing },
  'job.get': { params: z.object({ job: z.number().int() }), result: JobView },
  /** Refuses when a cancel would leave something half done. */
  'job.cancel': { params: z.object({ job: z.number().int() }), result: nothing },
  /** Newest first; `before` is the id of the last entry had. */
  'audit.list': {
    params: z.object({ before: z.number().int().optional(), limit: z.number().int().min(1).max(500).default(100) }),
    result: z.array(AuditEntry),
  },
  /** Figures of one instance, oldest first, thinned to at most `maxPoints`. `instance` is an InstanceView id. */
  history: {
    params: z.object({ instance: z.string(), from: z.number(), to: z.number(), maxPoints: z.number().int().min(2).max(5000).default(600) }),
    result: z.array(HistoryPoint),
  },
  'settings.theme': { params: z.object({ theme: Theme }), result: nothing },
  'settings.mirror': {
    params: z.object({ mirror: z.string(), environment: Environment.optional(), locked: z.boolean().optional() }),
    result: nothing,
  },
  ...dataCalls,
} as const;

/** Subscriptions: a value at once, then at each change; only what a page subscribes to is sent. A slow page gets the newest value, not a backlog. */
export const topics = {
  overview: { params: nothing, value: Overview },
  /** null while no mirror of that name is known. */
  mirror: { params: z.object({ mirror: z.string() }), value: MirrorMonitor.nullable() },
  /** Asked anew when the mirror changes, and every few seconds; null while no mirror of that name is known or nobody has answered yet. */
  whatIf: { params: z.object({ mirror: z.string() }), value: WhatIfView.nullable() },
  /** The newest 100, newest first. */
  jobs: { params: nothing, value: z.array(JobView) },
  job: { params: z.object({ job: z.number().int() }), value: JobView },
  settings: { params: nothing, value: Settings },
  /** The newest 100 entries, newest first. */
  audit: { params: nothing, value: z.array(AuditEntry) },
  ...dataTopics,
} as const;

export type Calls = typeof calls;
export type CallName = keyof Calls;
export type CallParams<C extends CallName> = z.input<Calls[C]['params']>;
export type CallParsed<C extends CallName> = z.output<Calls[C]['params']>;
export type CallResult<C extends CallName> = z.output<Calls[C]['result']>;

export type TopicMap = typeof topics;
export type TopicName = keyof TopicMap;
export type TopicParams<T extends TopicName> = z.input<TopicMap[T]['params']>;
export type TopicParsed<T extends TopicName> = z.output<TopicMap[T]['params']>;
export type TopicValue<T extends TopicName> = z.output<TopicMap[T]['value']>;
