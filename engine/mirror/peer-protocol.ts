import { z } from 'zod';
import type { HelloAnswer, Hello, PeerMessage, Position } from './failover/index.ts';
import type { JournalReach } from '../journal/index.ts';
import type { Dejournaled } from './host.ts';
import type { Membership } from './membership.ts';

/** Control messages on a data channel between two failover members. */
export type PeerControl =
  | { readonly t: 'hello'; readonly mirror: string; readonly version: string; readonly hello: Hello; readonly reach: JournalReach }
  | { readonly t: 'hello-answer'; readonly answer: HelloAnswer; readonly reach: JournalReach; readonly membership: Membership }
  | { readonly t: 'refused'; readonly code: string; readonly text: string }
  /** The backup's journal is a beginning of the primary's now; send from here. */
  | { readonly t: 'ready'; readonly from: Position }
  | {
      readonly t: 'beat';
      /** sender's clock, and the newest one it has from the other side */
      readonly at: number;
      readonly echo: number;
      readonly arbiter: boolean;
      readonly canTakeOver: boolean;
      readonly dejournaled: Dejournaled | null;
      readonly received: Position;
    }
  | { readonly t: 'peer'; readonly message: PeerMessage }
  | { readonly t: 'membership'; readonly membership: Membership };

const Tagged = z.object({ t: z.enum(['hello', 'hello-answer', 'refused', 'ready', 'beat', 'peer', 'membership']) });

/** null: not a message of ours. */
export function parsePeerControl(raw: unknown): PeerControl | null {
  return Tagged.safeParse(raw).success ? (raw as PeerControl) : null;
}
