import { z } from 'zod';
import type { MirrorProcedures, ProcedureRunView, ProcedureStepView, ProcedureView } from '../contract/index.ts';
import { disaster } from './catalogue/disaster.ts';
import { planned } from './catalogue/planned.ts';
import { unplanned } from './catalogue/unplanned.ts';
import type { Cast, Procedure, Step } from './procedure.ts';
import type { Scene } from './scene.ts';

export const catalogue: readonly Procedure[] = [...planned, ...unplanned, ...disaster];

/** A procedure that was begun, as it is kept. Steps that are done stay done, whatever happens later. */
export const ProcedureRun = z.object({
  run: z.number().int(),
  id: z.string(),
  mirror: z.string(),
  cast: z.object({ a: z.string().optional(), b: z.string().optional(), c: z.string().optional() }),
  startedAt: z.number(),
  endedAt: z.number().nullable(),
  abandoned: z.boolean(),
  done: z.array(z.object({ at: z.number(), by: z.enum(['seen', 'said']) })),
});
export type ProcedureRun = z.infer<typeof ProcedureRun>;

export function procedureOf(id: string): Procedure | undefined {
  return catalogue.find((each) => each.id === id);
}

/** The same with every step marked that the scene shows to be done, in order; itself when there is none. */
export function advance(run: ProcedureRun, scene: Scene, now: number): ProcedureRun {
  if (run.endedAt !== null) return run;
  const steps = stepsOf(run);
  const done = [...run.done];
  for (let step = steps[done.length]; step?.done?.(scene) === true; step = steps[done.length]) done.push({ at: now, by: 'seen' });
  if (done.length === run.done.length) return run;
  return { ...run, done, endedAt: done.length === steps.length ? now : null };
}

/** A person says that the step is done. Nothing changes where another one is the one to do now. */
export function confirmStep(run: ProcedureRun, step: number, now: number): ProcedureRun {
  if (run.endedAt !== null || step !== run.done.length) return run;
  const done: ProcedureRun['done'] = [...run.done, { at: now, by: 'said' }];
  return { ...run, done, endedAt: done.length === stepsOf(run).length ? now : null };
}

export function stepsOf({ id, cast }: ProcedureRun): Step[] {
  return procedureOf(id)?.steps(cast) ?? [];
}

/** What a page shows of them. @param runs newest first */
export function proceduresOf(scene: Scene | null, runs: readonly ProcedureRun[]): MirrorProcedures {
  return {
    procedures: catalogue.map((each) => viewOf(each, scene)),
    runs: runs.flatMap((run) => runView(run, scene)),
  };
}

function viewOf(procedure: Procedure, scene: Scene | null): ProcedureView {
  const { id, section, title, when } = procedure;
  const cast = scene === null ? 'Nothing is known of the mirror.' : procedure.cast(scene);
  const fits = typeof cast !== 'string';
  return {
    id,
    section,
    title,
    when,
    fits,
    why: fits ? castText(cast) : cast,
    steps: procedure.steps(fits ? cast : { a: 'A', b: 'B', c: 'C' }).map(({ text }) => text),
  };
}

function castText(cast: Cast): string {
  return members(cast)
    .map(({ role, member }) => `${role}: ${member}`)
    .join(', ');
}

function members({ a, b, c }: Cast): { role: string; member: string }[] {
  return [
    { role: 'A', member: a },
    { role: 'B', member: b },
    { role: 'C', member: c },
  ].flatMap(({ role, member }) => (member === undefined ? [] : [{ role, member }]));
}

function runView(run: ProcedureRun, scene: Scene | null): ProcedureRunView[] {
  const procedure = procedureOf(run.id);
  if (procedure === undefined) return [];
  const { title, section } = procedure;
  return [
    {
      run: run.run,
      id: run.id,
      title,
      section,
      cast: members(run.cast),
      startedAt: run.startedAt,
      endedAt: run.endedAt,
      abandoned: run.abandoned,
      steps: stepsOf(run).map((step, at) => stepView(step, at, run, scene)),
    },
  ];
}

function stepView(step: Step, at: number, run: ProcedureRun, scene: Scene | null): ProcedureStepView {
  const done = run.done[at];
  const isNow = done === undefined && at === run.done.length && run.endedAt === null;
  return {
    text: step.text,
    detail: step.detail ?? '',
    state: done !== undefined ? 'done' : isNow ? 'now' : 'later',
    doneAt: done?.at ?? null,
    doneBy: done?.by ?? null,
    risk: isNow && scene !== null ? (step.risk?.(scene) ?? '') : '',
    offers: isNow && scene !== null ? (step.offers?.(scene) ?? []) : [],
    needsWord: step.done === undefined,
    waiting: isNow && scene !== null ? (step.waiting?.(scene) ?? '') : '',
  };
}
