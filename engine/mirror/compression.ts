import type { CompressionType } from '../api/compression.ts';
import type { Membership } from './membership.ts';
import type { Mirror } from './mirror.ts';

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

/** On the primary: connections whose journal is compressed otherwise than before are made anew, and use it from their first piece. */
export function restartLinks({ membership, peers, followers }: Mirror, before: Membership): void {
  const isOther = (to: 'failover' | 'async'): boolean => compressionTo(to, before) !== compressionTo(to, membership);
  const why = 'the compression of the journal was changed';
  if (isOther('failover')) peers.link?.channel.close(why);
  if (isOther('async')) followers.hangUp(why);
}
