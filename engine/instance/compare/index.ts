export { BackgroundComparison } from './background.ts';
export { beginComparison, compareHandlers } from './service.ts';
