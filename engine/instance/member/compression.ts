import { systemSelected, type Compression, type CompressionParams } from '../../api/compression.ts';
import { compressionTo, type Membership } from '../../mirror/index.ts';

/** Whether anything about compression is asked for. */
export function changesCompression({ compressionFailover, compressionAsync }: CompressionParams): boolean {
  return compressionFailover !== undefined || compressionAsync !== undefined;
}

/** What is asked for, the rest as it was; system selected when it was nothing. */
export function compressionOf(
  { compressionFailover, compressionAsync }: CompressionParams,
  before: Compression = systemSelected,
): Compression {
  return { failover: compressionFailover ?? before.failover, async: compressionAsync ?? before.async };
}

export function compressionText(membership: Pick<Membership, 'compression'>): string {
  const text = (to: 'failover' | 'async'): string => {
    const type = compressionTo(to, membership);
    const chosen = membership.compression[to] === 'system' ? ' (system selected)' : '';
    return `${type === null ? 'uncompressed' : `compressed by ${type}`}${chosen}`;
  };
  return `Journal goes to the backup ${text('failover')}, to asyncs ${text('async')}.`;
}
