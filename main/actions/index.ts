export { prepare } from './prepare.ts';
export type { ActionContext } from './context.ts';
