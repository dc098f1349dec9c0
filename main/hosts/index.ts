export { Hosts } from './hosts.ts';
export type { HostsOptions } from './hosts.ts';
export type { Host, HostFacts, InstanceFacts, World } from './host.ts';
export type { StartAgent } from './local/index.ts';
