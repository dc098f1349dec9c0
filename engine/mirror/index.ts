export { AgentRequest, parseReply, toArbiter, type AgentReply } from './agent-protocol.ts';
export { askAgent } from './agent-client.ts';
export { noHooks, openHooks, type HookClient, type HookIdentity, type Hooks } from './hooks/index.ts';
export type { Dejournaled, LocalDatabase, MirrorHost } from './host.ts';
export { Membership, newDurable, readRecord, splitAddress, writeRecord, Member, type MirrorRecord } from './membership.ts';
export { Mirror, type MirrorHooks } from './mirror.ts';
export { ownStatus, StatusView } from './status.ts';
export { Channel, decodeControl, journalFrame, kinds, MAGIC } from './wire.ts';
export { whatIfNow } from './what-if.ts';
