export { journalBroken, notPrimary } from './bars.ts';
export type { MirrorDatabases } from './mirror-databases.ts';
export type { StoreParts } from './parts.ts';
export { oldestInherited, openAtEnd } from './recover.ts';
export { Store } from './store.ts';
