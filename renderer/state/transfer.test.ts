import { describe, expect, it } from 'vitest';
import { transferSeverity } from './transfer.ts';

describe('transfer status', () => {
  it('is marked where somebody should look', () => {
    for (const status of ['Warning! Some databases need attention.', 'Warning! Dejournaling is stopped.', 'Disconnected on 14:02:11'])
      expect(transferSeverity(status)).toBe('attention');
    for (const status of ['N/A', 'Active', 'Caught up', '2 seconds behind']) expect(transferSeverity(status)).toBeNull();
  });
});
