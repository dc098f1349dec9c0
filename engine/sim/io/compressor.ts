import { realCompressor, type Compressor } from '../../io/compression.ts';
import type { SimProcess } from './process.ts';

/** How long another thread takes for a piece at most, ms: longer than others wait with journal of their own. */
const LATER_MS = 3;

/** Really compresses; what another thread does is done some time later, and not in order. */
export function simCompressor({ host, clock }: SimProcess): Compressor {
  const later: Compressor['compress'] = (type, bytes, done) => {
    const compressed = realCompressor.compressNow(type, bytes);
    clock.timer(host.random.float() * LATER_MS, () => done(compressed));
  };
  return { compressNow: (type, bytes) => realCompressor.compressNow(type, bytes), compress: later, compressAside: later };
}
