import type { MirrorConfiguration } from '../../api/mirror-configuration.ts';
import { memberOf, type Membership } from '../../mirror/index.ts';
import { defaultParallel } from '../../mirror/editing/index.ts';

/** The membership as it is told to people and programs; what was left out is said. @param self GUID of the member that tells it */
export function configurationOf(membership: Membership, self: string): MirrorConfiguration {
  const { mirror, version, qosMs, arbiter, compression, parallelDejournaling = defaultParallel, vip = null, members } = membership;
  return {
    mirror,
    version,
    thisMember: memberOf(membership, self)?.name ?? '',
    qosMs,
    arbiter,
    compression,
    parallelDejournaling,
    vip,
    members: members.map(({ name, guid, instance, type, superserverAddress, privateAddress, agentAddress, vipInterface = null }) => ({
      name,
      guid,
      instance,
      type,
      superserverAddress,
      privateAddress,
      agentAddress,
      vipInterface,
    })),
    databases: membership.databases.map(({ name }) => name),
  };
}
