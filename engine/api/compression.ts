import { z } from 'zod';

/** What journal can be compressed with on its way to other members. */
export const CompressionType = z.enum(['zstd', 'lz4', 'zlib']);
export type CompressionType = z.infer<typeof CompressionType>;

/** `system`: what suits most networks (see `compressionTo` in engine/mirror). */
export const CompressionMode = z.enum(['system', 'none', ...CompressionType.options]);
export type CompressionMode = z.infer<typeof CompressionMode>;

/** How the primary compresses journal for its backup, and for async members. */
export const Compression = z.object({ failover: CompressionMode, async: CompressionMode });
export type Compression = z.infer<typeof Compression>;

export const systemSelected: Compression = { failover: 'system', async: 'system' };

/** What is asked for when a mirror is made or changed; what is left out stays as it is. */
export const CompressionParams = z.object({
  compressionFailover: CompressionMode.optional(),
  compressionAsync: CompressionMode.optional(),
});
export type CompressionParams = z.infer<typeof CompressionParams>;
