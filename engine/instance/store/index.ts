export { journalBroken, notPrimary } from './bars.ts';
export { Feed } from './feed.ts';
export type { StoreParts } from './parts.ts';
export { oldestInherited, openAtEnd } from './recover.ts';
export { Store } from './store.ts';
