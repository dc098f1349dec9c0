import type { Action, Plan } from '../contract/index.ts';
import { findInstance } from './context.ts';
import type { ActionContext, Of, Prepared } from './context.ts';
import {
  addDatabases,
  backupDatabases,
  compareDatabases,
  copyDatabases,
  createDatabase,
  freezeDatabases,
  instanceDatabaseWork,
  mirrorDatabaseWork,
  restoreDatabases,
  thawDatabases,
  verifyDatabases,
} from './databases/index.ts';
import { createDemoMirror, removeDemoMirror } from './demo.ts';
import { createInstance } from './create-instance.ts';
import { startAgent, startInstance, stopInstance } from './instances.ts';
import { memberPreparers } from './members/index.ts';
import { purgeJournal, restoreJournal, switchJournal, verifyJournal } from './journals.ts';
import { createMirror, joinMirror } from './mirror-setup.ts';
import { clearNoFailover, setNoFailover, switchOver } from './mirror.ts';

type Preparers = { readonly [N in Action['action']]: (action: Of<N>, context: ActionContext) => Prepared | Promise<Prepared> };

const preparers: Preparers = {
  createDemoMirror,
  removeDemoMirror,
  startAgent,
  createInstance,
  startInstance,
  stopInstance,
  createMirror,
  joinMirror,
  switchOver,
  setNoFailover,
  clearNoFailover,
  ...memberPreparers,
  mirrorDatabaseWork,
  instanceDatabaseWork,
  createDatabase,
  addDatabases,
  copyDatabases,
  verifyDatabases,
  backupDatabases,
  restoreDatabases,
  compareDatabases,
  freezeDatabases,
  thawDatabases,
  switchJournal,
  verifyJournal,
  purgeJournal,
  restoreJournal,
};

/**
 * Works an action out against the live state; changes nothing.
 * @throws GemelError NOT_FOUND when it is about something unknown here
 */
export async function prepare<N extends Action['action']>(action: Of<N>, context: ActionContext): Promise<Prepared> {
  const preparer: (action: Of<N>, context: ActionContext) => Prepared | Promise<Prepared> = preparers[action.action];
  const work = await preparer(action, context);
  const locked = lockRefusals(action, context);
  return { ...work, plan: { ...work.plan, refusals: [...locked, ...work.plan.refusals] } };
}

/** The read-only lock holds here, in main: a page cannot get around it. */
function lockRefusals(action: Action, context: ActionContext): Plan['refusals'] {
  return mirrorsTouched(action, context)
    .filter((mirror) => context.store.settings.mirror(mirror).locked)
    .map((mirror) => ({ reason: `Mirror ${mirror} is locked against changes in this console.`, todo: 'Unlock it first.' }));
}

function mirrorsTouched(action: Action, context: ActionContext): string[] {
  const named = 'mirror' in action && action.mirror !== undefined ? [action.mirror] : [];
  if ('instance' in action)
    return [...new Set([...named, ...findInstance(context, action.instance).facts.status.mirrors.map((m) => m.mirror)])];
  if (named.length > 0 || action.action !== 'removeDemoMirror') return named;
  const demo = context.hosts.world().hosts.filter((h) => h.known.demo);
  return [...new Set(demo.flatMap((h) => h.instances.flatMap((i) => i.status.mirrors.map((m) => m.mirror))))];
}
