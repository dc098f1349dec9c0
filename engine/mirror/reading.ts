import { memberOf, splitAddress } from './membership.ts';
import type { Mirror } from './mirror.ts';

/** The read rule: while a backup may take over, only within Q/2 of a message that it has echoed. */
export function mayRead({ state: { role }, journal, peers, options, membership }: Mirror): boolean {
  // Who has asked the backup to take over does not know when that one opens; who was followed by another is only not gone yet.
  if (role.is === 'yielded' || role.is === 'down') return false;
  // A primary that has ceased to be one without having ended yet knows nothing of who has followed it.
  if (role.is === 'waiting' || role.is === 'starting' || role.is === 'lost') return journal.writer === null;
  if (role.is === 'taking' && role.right.by === 'resume' && role.epoch === null) return false;
  if (role.is !== 'primary' || role.trouble !== null) return role.is !== 'primary';
  if (role.backup?.active !== true) return true;
  const { link } = peers;
  return link !== null && options.io.clock.monotonicMs() - link.echoedAt < membership.qosMs / 2;
}

/** Another member as clients see it; the position counts bytes of journal. */
export interface PeerForClients {
  readonly host: string;
  readonly port: number;
  readonly position: number;
}

/** Connected other failover members. */
export function peersForClients({ peers: { link }, membership, state: { role } }: Mirror): PeerForClients[] {
  const member = link === null ? undefined : memberOf(membership, link.member);
  if (link === null || member === undefined) return [];
  const isActive = role.is === 'primary' && role.backup?.active === true;
  return isActive || role.is === 'backup'
    ? [{ ...splitAddress(member.superserverAddress), position: link.seen?.received.offset ?? 0 }]
    : [];
}
