export { finishDeletions } from './databases/index.ts';
export { hookExecutor, type Lifted } from './hook-executor.ts';
export { memberAt, type Place } from './place.ts';
export { MirrorService } from './service.ts';
export { valid } from './valid.ts';
export { memberWatch } from './watch.ts';
