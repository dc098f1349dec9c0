export { createSuperserver, type Superserver, type SuperserverOptions } from './superserver.ts';
export { defaultLimits, type Limits } from './limits.ts';
