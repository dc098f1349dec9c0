export { changing, journalBroken, notPrimary } from './bars.ts';
export type { DismountedDatabase } from './dismounted.ts';
export type { MirrorDatabases } from './mirror-databases.ts';
export type { StoreParts } from './parts.ts';
export { mirrorPosition, ReadWriteFeed } from './read-write-feed.ts';
export { oldestInherited, openAtEnd } from './recover.ts';
export { type Feed, type FilesHeld } from './feed.ts';
export { withDatabase } from './new-database.ts';
export { Store } from './store.ts';
