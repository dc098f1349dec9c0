/** The administrator's own logic at the points of becoming primary: `ZMIRROR.mjs` in the instance's directory. */
export { GuardedThread } from './guarded-thread.ts';
export { openHooks, type HookAnswer, type HookClient, type Hooks } from './hooks.ts';
export type { HookIdentity } from './messages.ts';
export { noHooks } from './none.ts';
