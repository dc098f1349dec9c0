export { decideAdoption, type Adoption } from './asyncs/promotion/adoption.ts';
export { promoteAlone, type Promoted } from './asyncs/promotion/promote.ts';
export { serveJournal } from './serve-journal.ts';
export { AsyncDoor, AsyncMember, asyncStatus, AsyncStatusView } from './asyncs/index.ts';
export { AgentRequest, parseReply, toArbiter, type AgentReply } from './agent-protocol.ts';
export { askAgent } from './agent-client.ts';
export { compareDatabase, RemoteSide, type Side } from './compare/index.ts';
export { RemoteSource, SEED_PIECE_BYTES, type SeedAbout, type SeedPrepared, type SeedSource } from './seeding/index.ts';
export { compressionTo, requireTakers } from './compression.ts';
export { noHooks, openHooks, type HookClient, type HookIdentity, type Hooks } from './hooks/index.ts';
export type { UpdateFilter } from './filter/index.ts';
export { mayDejournalInParallel } from './parallel.ts';
export { leaveWord } from './gave-up.ts';
export type { Dejournaled, LocalDatabase, MirrorHost } from './host.ts';
export {
  failoverMembers,
  isAsync,
  isObsolete,
  memberOf,
  Membership,
  newDurable,
  readRecord,
  readRecords,
  recordPath,
  splitAddress,
  writeRecord,
  Member,
  type MirrorDatabase,
  type MirrorRecord,
} from './membership.ts';
export { Mirror, type MirrorHooks, type MirrorOptions } from './mirror.ts';
export { asError } from './requests.ts';
export { requireOwnEpoch } from './own-journal.ts';
export { isBelow, isSame, propertiesText, synchronised } from './properties.ts';
export { askPrimary } from './rejoin/ask-primary.ts';
export { ownStatus, StatusView } from './status.ts';
export { Channel, controlFrame, decodeControl, kinds, MAGIC } from './wire.ts';
export { whatIfNow } from './what-if.ts';
