import { z } from 'zod';
import { Alert } from './alerts.ts';
import { Action, AuditEntry, JobView, Plan } from './actions.ts';
import { LostPage } from '../../engine/api/lost.ts';
import { dataCalls, dataTopics } from './data.ts';
import { About, Form, FormName, FormValues } from './forms.ts';
import { Explanation, HistoryEvent, MemberLags } from './history.ts';
import { MirrorProcedures } from './procedures.ts';
import { MembersView } from './members-view.ts';
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
  /** Begins a procedure with the members that it would be about now. */
  'procedure.start': { params: z.object({ mirror: z.string(), procedure: z.string() }), result: z.object({ run: z.number().int() }) },
  /** A person says that the step to do now is done. */
  'procedure.confirm': { params: z.object({ run: z.number().int(), step: z.number().int() }), result: nothing },
  'procedure.abandon': { params: z.object({ run: z.number().int() }), result: nothing },
  'job.get': { params: z.object({ job: z.number().int() }), result: JobView },
  /** Refuses when a cancel would leave something half done. */
  'job.cancel': { params: z.object({ job: z.number().int() }), result: nothing },
  /** A page of a report of lost transactions; `from` is 0, or `next` of the page before. */
  'lost.page': {
    params: z.object({ instance: z.string(), mirror: z.string(), report: z.string(), from: z.number().int().min(0).default(0) }),
    result: LostPage,
  },
  /** Newest first; `before` is the id of the last entry had. With `filter`: those that hold each of its words somewhere. */
  'audit.list': {
    params: z.object({
      before: z.number().int().optional(),
      limit: z.number().int().min(1).max(500).default(100),
      filter: z.string().max(200).optional(),
    }),
    result: z.array(AuditEntry),
  },
  /** Figures of one instance, oldest first, thinned to at most `maxPoints`. `instance` is an InstanceView id. */
  history: {
    params: z.object({ instance: z.string(), from: z.number(), to: z.number(), maxPoints: z.number().int().min(2).max(5000).default(600) }),
    result: z.array(HistoryPoint),
  },
  /** How far each member was behind, oldest first, thinned as figures are. */
  'history.lags': {
    params: z.object({ mirror: z.string(), from: z.number(), to: z.number(), maxPoints: z.number().int().min(2).max(5000).default(600) }),
    result: z.array(MemberLags),
  },
  /** Changes of role, alerts and jobs of a mirror, oldest first; where there are more, the newest 500 of them. */
  'history.events': { params: z.object({ mirror: z.string(), from: z.number(), to: z.number() }), result: z.array(HistoryEvent) },
  /** The last change of primary up to `at` (and a minute beyond), from the logs of everyone that can be asked. */
  explain: { params: z.object({ mirror: z.string(), at: z.number() }), result: Explanation },
  /** Those that are over, newest first; `before` is the id of the last one had. */
  'alerts.past': {
    params: z.object({ before: z.number().int().optional(), limit: z.number().int().min(1).max(500).default(100) }),
    result: z.array(Alert),
  },
  /** A person has seen them. What only tells of something done is over with that. */
  'alerts.acknowledge': { params: z.object({ alerts: z.array(z.number().int()).min(1).max(500) }), result: nothing },
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
  /** What can be done in the state that the mirror is in, and what was begun. */
  procedures: { params: z.object({ mirror: z.string() }), value: MirrorProcedures },
  /** Asked anew when the mirror changes, and every few seconds; null while no mirror of that name is known or nobody has answered yet. */
  members: { params: z.object({ mirror: z.string() }), value: MembersView.nullable() },
  /** The newest 100, newest first. */
  jobs: { params: nothing, value: z.array(JobView) },
  job: { params: z.object({ job: z.number().int() }), value: JobView },
  settings: { params: nothing, value: Settings },
  /** The newest 100 entries, newest first. */
  audit: { params: nothing, value: z.array(AuditEntry) },
  /** What is the case now, worst first. */
  alerts: { params: nothing, value: z.array(Alert) },
  /** The newest 100 that are over, newest first. */
  pastAlerts: { params: nothing, value: z.array(Alert) },
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
