export { Feed } from './feed.ts';
export { openAtEnd } from './recover.ts';
export { notPrimary, Store } from './store.ts';
