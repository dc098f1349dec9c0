export { hookExecutor, type Lifted } from './hook-executor.ts';
export { MirrorService } from './service.ts';
export { memberWatch } from './watch.ts';
