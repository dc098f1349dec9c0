/**
 * Everything between page and main. The page calls `openConsole(window)` and has
 * `{ call(name, params), subscribe(name, params, listener), onConnection(listener) }`, typed by the maps in channels.ts.
 */
export { calls, topics } from './channels.ts';
export type { CallName, CallParams, CallParsed, CallResult, TopicName, TopicParams, TopicParsed, TopicValue } from './channels.ts';
export { Alert } from './alerts.ts';
export type { AlertRule } from './alerts.ts';
export { Action, AuditEntry, JobStep, JobView, Plan } from './actions.ts';
export type { ActionInput, JobState, PlannedStep, Problem, StepState } from './actions.ts';
export { DatabaseWork } from './groups/databases.ts';
export { JournalQuery } from './data.ts';
export type { DatabaseCell, DatabaseMatrix, DatabaseMember } from './data.ts';
export { aboutKeys, Form, formNames, FormValues } from './forms.ts';
export type { About, Field, FormGroup, FormName, FormValue, Option } from './forms.ts';
export { MirrorProcedures } from './procedures.ts';
export type { ProcedureOffer, ProcedureRunView, ProcedureSection, ProcedureStepView, ProcedureView } from './procedures.ts';
export { HistoryEvent, LagPoint } from './history.ts';
export type { Explanation, MemberLags, TimelineEntry, TimelineSource } from './history.ts';
export type { MembersView } from './members-view.ts';
export { HistoryPoint, Settings } from './views.ts';
export type {
  Answer,
  AppInfo,
  Environment,
  Freshness,
  HostView,
  InstanceView,
  MemberMonitor,
  MirrorMemberView,
  MirrorMonitor,
  MirrorSettings,
  MirrorView,
  Overview,
  Severity,
  Theme,
  TopologyLink,
  TopologyNode,
  WhatIfView,
} from './views.ts';
export { MAX_FRAME_BYTES, ToMain, ToPage } from './wire.ts';
export { createClient } from './client.ts';
export type { Connection, ConsoleClient, Transport } from './client.ts';
export { openConsole, socketTransport } from './connect.ts';
export type { PreloadBridge } from './connect.ts';
