import { z } from 'zod';
import { Action } from './actions.ts';
import { About, FormName } from './forms.ts';

/** The planned, unplanned and disaster-recovery procedures of a mirror, as runbooks that know its live state. */

export const ProcedureSection = z.enum(['planned', 'unplanned', 'disaster']);
export type ProcedureSection = z.infer<typeof ProcedureSection>;

/** A way to carry a step out from here. */
export const ProcedureOffer = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('action'), text: z.string(), action: Action }),
  z.object({ kind: z.literal('wizard'), text: z.string(), form: FormName, about: About }),
]);
export type ProcedureOffer = z.infer<typeof ProcedureOffer>;

/** What can be begun now. */
export const ProcedureView = z.object({
  id: z.string(),
  section: ProcedureSection,
  title: z.string(),
  /** When one wants it. */
  when: z.string(),
  /** The state of the mirror is the one it is for. */
  fits: z.boolean(),
  /** Why it does not fit, or whom it would be about. */
  why: z.string(),
  steps: z.array(z.string()),
});
export type ProcedureView = z.infer<typeof ProcedureView>;

export const ProcedureStepView = z.object({
  text: z.string(),
  /** What it does, and what to look at. */
  detail: z.string(),
  /** `now`: the first one that is not done. */
  state: z.enum(['done', 'now', 'later']),
  doneAt: z.number().nullable(),
  /** Whether the console saw it, or a person said so. */
  doneBy: z.enum(['seen', 'said']).nullable(),
  /** The risk in facts of now; empty: none. */
  risk: z.string(),
  offers: z.array(ProcedureOffer),
  /** Only a person knows when it is done. */
  needsWord: z.boolean(),
  /** What is waited for, as it is now. */
  waiting: z.string(),
});
export type ProcedureStepView = z.infer<typeof ProcedureStepView>;

/** A procedure under way, or one that has ended. */
export const ProcedureRunView = z.object({
  run: z.number().int(),
  id: z.string(),
  title: z.string(),
  section: ProcedureSection,
  /** Who is who in it, e.g. `A: HOST_A`. */
  cast: z.array(z.object({ role: z.string(), member: z.string() })),
  startedAt: z.number(),
  endedAt: z.number().nullable(),
  /** It was given up before its last step. */
  abandoned: z.boolean(),
  steps: z.array(ProcedureStepView),
});
export type ProcedureRunView = z.infer<typeof ProcedureRunView>;

export const MirrorProcedures = z.object({ procedures: z.array(ProcedureView), runs: z.array(ProcedureRunView) });
export type MirrorProcedures = z.infer<typeof MirrorProcedures>;
