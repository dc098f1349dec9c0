export { requirePrimary } from './context.ts';
export { requireCreatable } from './creatable.ts';
export { refuseSystem } from './names.ts';
export { joinMirror } from './join.ts';
export { finishDeletions } from './deletion.ts';
export { DatabaseOperations } from './operations.ts';
