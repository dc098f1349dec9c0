export type { Counters } from './metrics.ts';
export { createWebServer } from './web-server.ts';
