export { prepare } from './prepare.ts';
export type { ActionContext } from './context.ts';
export { findInstance } from './context.ts';
export { outputOf } from './command-output.ts';
