export { Feed } from './feed.ts';
export { openAtEnd } from './recover.ts';
export { journalBroken, notPrimary, Store } from './store.ts';
