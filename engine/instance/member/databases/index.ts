export { requireCreatable } from './creatable.ts';
export { joinMirror } from './join.ts';
export { DatabaseOperations } from './operations.ts';
