import { Option, type Command } from 'commander';
import { CompressionMode } from '../../api/compression.ts';

/** The options for how the primary compresses journal; what is not given stays as it is. */
export function compression(target: Command): Command {
  const option = (flag: string, to: string): Option =>
    new Option(`--${flag} <mode>`, `compression of journal to ${to}`).choices(CompressionMode.options);
  return target
    .addOption(option('compression-failover', 'the backup (system: zstd where TLS is used, else none)'))
    .addOption(option('compression-async', 'async members (system: zstd)'));
}
