export { Hosts } from './hosts.ts';
export type { Host, HostFacts, InstanceFacts, World } from './host.ts';
export type { AgentControl } from './local/index.ts';
