import type { Compression, CompressionType } from '../api/compression.ts';
import { compressionsTaken } from '../io/compression.ts';
import type { Guid } from './failover/index.ts';
import { isAsync, memberOf, type Member, type Membership } from './membership.ts';
import type { Mirror } from './mirror.ts';
import { asError } from './requests.ts';

/**
 * What journal to members of that kind is compressed with; null: it is not. What the system selects keeps the time to the backup
 * short and the network of asyncs free (DECISIONS, "Compression").
 */
export function compressionTo(
  to: 'failover' | 'async',
  { compression }: Pick<Membership, 'compression'>,
  // TLS between members comes with its own issue.
  hasTls = false,
): CompressionType | null {
  const mode = compression[to];
  if (mode === 'none') return null;
  if (mode !== 'system') return mode;
  return to === 'async' || hasTls ? 'zstd' : null;
}

/** What a member can take of compressed journal; undefined: all. */
export type Takes = readonly CompressionType[] | undefined;

/** As `compressionTo`, to a member: what it cannot take goes uncompressed, and its connection says so. */
export function compressionFor(to: 'failover' | 'async', mirror: Mirror, member: Guid, takes: Takes): CompressionType | null {
  const type = compressionTo(to, mirror.membership);
  if (type === null || canTake(takes, type)) return type;
  const name = memberOf(mirror.membership, member)?.name ?? member;
  mirror.note('COMPRESSION_NOT_TAKEN', `${name} cannot take journal that is compressed by ${type}: it gets it uncompressed.`, {
    member: name,
    type,
  });
  return null;
}

/** On a member that connects to the primary. */
export function noteNotTaken(
  to: 'failover' | 'async',
  { membership, self, note }: { readonly membership: Membership; readonly self: Member; readonly note: Mirror['note'] },
): void {
  const type = compressionTo(to, membership);
  if (type === null || canTake(compressionsTaken(), type)) return;
  const text = `This member cannot take journal that is compressed by ${type}, as the mirror is set: it gets it uncompressed.`;
  note('COMPRESSION_NOT_TAKEN', text, { member: self.name, type });
}

function canTake(takes: Takes, type: CompressionType): boolean {
  return takes?.includes(type) ?? true;
}

/** Throws REFUSED when the journal would be compressed by what this primary or a connected member it goes to cannot take. */
export function requireTakers({ membership, self, peers, followers }: Mirror, compression: Compression): void {
  const backup = peers.link === null ? [] : [{ member: peers.link.member, takes: peers.link.takes }];
  const takers = {
    failover: [{ member: self.guid, takes: compressionsTaken() }, ...backup],
    async: membership.members.filter(isAsync).map(({ guid }) => ({ member: guid, takes: followers.takes(guid) })),
  };
  for (const to of ['failover', 'async'] as const) {
    const type = compressionTo(to, { compression });
    const unable = type === null ? [] : takers[to].filter(({ takes }) => !canTake(takes, type));
    if (type === null || unable.length === 0) continue;
    const names = unable.map(({ member }) => memberOf(membership, member)?.name ?? member).join(', ');
    throw asError({
      code: 'COMPRESSION_REFUSED',
      text: `Journal that is compressed by ${type} cannot be taken by: ${names}.`,
      facts: { members: names, type },
    });
  }
}

/** On the primary: connections whose journal is compressed otherwise than before are made anew, and use it from their first piece. */
export function restartLinks({ membership, peers, followers }: Mirror, before: Membership): void {
  const isOther = (to: 'failover' | 'async'): boolean => compressionTo(to, before) !== compressionTo(to, membership);
  const why = 'the compression of the journal was changed';
  if (isOther('failover')) peers.link?.channel.close(why);
  if (isOther('async')) followers.hangUp(why);
}
