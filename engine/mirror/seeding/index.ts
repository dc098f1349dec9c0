export { SEED_PIECE_BYTES, type SeedAbout, type SeedPrepared } from './protocol.ts';
export { RemoteSource } from './remote.ts';
export { serveSeed } from './serve.ts';
export type { SeedSource } from './source.ts';
