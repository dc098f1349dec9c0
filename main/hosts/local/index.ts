export { LocalHost } from './local-host.ts';
export type { EngineCommand } from './agent-process.ts';
