export { createSuperserver, type Superserver } from './superserver.ts';
