import { expect, it } from 'vitest';
import { CompressionMode } from '../api/compression.ts';
import { compressionTo } from './compression.ts';

it.each([
  ['system', { failover: null, tls: 'zstd', async: 'zstd' }],
  ['none', { failover: null, tls: null, async: null }],
  ['zstd', { failover: 'zstd', tls: 'zstd', async: 'zstd' }],
  ['lz4', { failover: 'lz4', tls: 'lz4', async: 'lz4' }],
  ['zlib', { failover: 'zlib', tls: 'zlib', async: 'zlib' }],
] as const)('%s', (mode, { failover, tls, async }) => {
  const compression = { failover: CompressionMode.parse(mode), async: CompressionMode.parse(mode) };
  expect(compressionTo('failover', { compression })).toBe(failover);
  expect(compressionTo('failover', { compression }, true)).toBe(tls);
  expect(compressionTo('async', { compression })).toBe(async);
});

it('each has a setting of its own', () => {
  const compression = { failover: 'lz4', async: 'none' } as const;
  expect(compressionTo('failover', { compression })).toBe('lz4');
  expect(compressionTo('async', { compression })).toBeNull();
});
