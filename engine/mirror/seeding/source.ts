import type { SeedNews } from '../../api/seeding.ts';
import type { SeedAbout, SeedPrepared } from './protocol.ts';

/** A member's copy of a database, as another member makes one of its own from it. All rejections are GemelErrors. */
export interface SeedSource {
  about(): Promise<SeedAbout>;
  /** A backup of it is made, if there is none; answers after a second at most. */
  prepare(): Promise<SeedPrepared>;
  /** `SEED_PIECE_BYTES` of the backup, or what is left of it. Rejects with NOT_FOUND when there is no such backup any more. */
  piece(id: string, offset: number): Promise<Uint8Array>;
  /** How far the member is that asks. */
  tell(news: SeedNews): Promise<void>;
  /** Ends everything. Nothing else may be asked then. */
  close(): void;
}
