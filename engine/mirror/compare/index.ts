export { compareDatabase } from './compare.ts';
export { RemoteSide } from './remote.ts';
export { serveCompare } from './serve.ts';
export type { Side } from './side.ts';
