export { listenShared, type SharedPort } from './shared-port.ts';
export { createSuperserver, type Superserver } from './superserver.ts';
