export { listenShared } from './shared-port.ts';
export { createSuperserver, type Superserver } from './superserver.ts';
