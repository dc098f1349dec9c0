export { PinnedDatabase } from './pinned.ts';
export { PinnedFile, type Leaf, type NodePage } from './pinned-file.ts';
