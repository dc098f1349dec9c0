export { Hosts } from './hosts.ts';
export type { Host, HostCommand, HostFacts, InstanceFacts, World } from './host.ts';
export type { AgentControl } from './local/index.ts';
