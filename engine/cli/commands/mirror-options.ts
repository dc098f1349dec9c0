import { Option, type Command } from 'commander';
import type { CompressionParams } from '../../api/compression.ts';
import { ParallelDejournaling } from '../../api/parallel.ts';
import { compression } from './compression.ts';

/** Options that several commands of a mirror share. */

export interface AddressFlags {
  readonly member?: string;
  readonly privateAddress?: string;
  readonly superserverAddress?: string;
  readonly agentAddress?: string;
}

export function addresses(target: Command, member = 'name of this member (default HOST_INSTANCE)'): Command {
  return target
    .option('--member <name>', member)
    .option('--private-address <address>', 'host name or address the other members reach it at')
    .option('--superserver-address <address>', 'host name or address clients reach it at')
    .option('--agent-address <host:port>', 'its host’s agent, as others reach it');
}

export interface VirtualAddressFlags {
  readonly vip?: string;
  readonly vipInterface?: string;
}

export function virtualAddress(target: Command): Command {
  return target
    .option('--vip <cidr>', 'virtual address of the mirror, such as 10.0.2.100/24; this version keeps and shows it, and does not bind it')
    .option('--vip-interface <name>', 'network interface that is to have the virtual address');
}

export interface MirrorSettingFlags extends VirtualAddressFlags, CompressionParams {
  readonly parallelDejournaling?: ParallelDejournaling;
}

export function mirrorSettings(target: Command): Command {
  return compression(virtualAddress(target)).addOption(
    new Option('--parallel-dejournaling <members>', 'which members may dejournal several databases at once (default failover+dr)').choices(
      ParallelDejournaling.options,
    ),
  );
}
