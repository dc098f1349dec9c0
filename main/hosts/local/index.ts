export { LocalHost } from './local-host.ts';
export type { StartAgent } from './local-host.ts';
