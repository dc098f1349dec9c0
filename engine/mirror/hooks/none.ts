import type { Hooks } from './hooks.ts';

/** No administrator's logic: every question is answered yes. */
export const noHooks: Hooks = {
  ask: () => Promise.resolve({ ok: true, why: 'There are no hooks.' }),
  notify: () => undefined,
  cancel: () => undefined,
  close: () => undefined,
};
