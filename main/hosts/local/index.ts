export { LocalHost } from './local-host.ts';
export type { AgentControl } from './local-host.ts';
