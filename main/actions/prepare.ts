import { assertNever } from '../../engine/io/assert.ts';
import type { Action, Plan } from '../contract/index.ts';
import { findInstance } from './context.ts';
import type { ActionContext, Prepared } from './context.ts';
import { createDemoMirror, removeDemoMirror } from './demo.ts';
import { startAgent, startInstance, stopInstance } from './instances.ts';
import { clearNoFailover, setNoFailover, switchOver } from './mirror.ts';

/**
 * Works an action out against the live state; changes nothing.
 * @throws GemelError NOT_FOUND when it is about something unknown here
 */
export async function prepare(action: Action, context: ActionContext): Promise<Prepared> {
  const work = await dispatch(action, context);
  const locked = lockRefusals(action, context);
  return { ...work, plan: { ...work.plan, refusals: [...locked, ...work.plan.refusals] } };
}

async function dispatch(action: Action, context: ActionContext): Promise<Prepared> {
  switch (action.action) {
    case 'createDemoMirror':
      return createDemoMirror(action, context);
    case 'removeDemoMirror':
      return removeDemoMirror(action, context);
    case 'startAgent':
      return startAgent(action, context);
    case 'startInstance':
      return startInstance(action, context);
    case 'stopInstance':
      return stopInstance(action, context);
    case 'switchOver':
      return switchOver(action, context);
    case 'setNoFailover':
      return setNoFailover(action, context);
    case 'clearNoFailover':
      return clearNoFailover(action, context);
    default:
      return assertNever(action);
  }
}

/** The read-only lock holds here, in main: a page cannot get around it. */
function lockRefusals(action: Action, context: ActionContext): Plan['refusals'] {
  return mirrorsTouched(action, context)
    .filter((mirror) => context.store.settings.mirror(mirror).locked)
    .map((mirror) => ({ reason: `Mirror ${mirror} is locked against changes in this console.`, todo: 'Unlock it first.' }));
}

function mirrorsTouched(action: Action, context: ActionContext): string[] {
  if ('mirror' in action) return [action.mirror];
  if ('instance' in action) return findInstance(context, action.instance).facts.status.mirrors.map((m) => m.mirror);
  if (action.action !== 'removeDemoMirror') return [];
  const demo = context.hosts.world().hosts.filter((h) => h.known.demo);
  return [...new Set(demo.flatMap((h) => h.instances.flatMap((i) => i.status.mirrors.map((m) => m.mirror))))];
}
