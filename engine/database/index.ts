export { Database } from './database.ts';
export { createDatabase, type DatabaseMeta, type NewDatabase } from './file.ts';
export { mirrorPositionKey, mirrorPositionValue, parseMirrorPosition } from './mirror-position.ts';
export type { GenerationId } from './overlay.ts';
export { clearFailoverFlag } from './read-write.ts';
export { isLimited, sharedOf, withProperties, type PropertyChange } from './properties.ts';
export { setFileProperties } from './set-properties.ts';
export { DatabaseReader, type NodeFile } from './reader.ts';
export { verifyAside } from './verify-aside.ts';
export { verifyDatabase } from './verify.ts';
export { DatabaseWriter } from './writer.ts';
export { PinnedDatabase, type Leaf, type NodePage } from './compare/index.ts';
export {
  activateCopy,
  homeOf,
  isForeign,
  isPaused,
  isRetained,
  makeMirrored,
  moveTo,
  notePending,
  pendingOf,
  recreate,
  retainMirrored,
  setPaused,
  unmirror,
  type Pending,
} from './mirror-attribute.ts';
