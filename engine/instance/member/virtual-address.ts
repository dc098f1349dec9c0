import os from 'node:os';
import { GemelError } from '../../api/errors.ts';
import { splitAddress, type Member } from '../../mirror/index.ts';
import {
  promotedInterface,
  whyNoInterface,
  whyNoVirtualAddress,
  type InterfaceAddress,
  type VirtualAddress,
} from '../../mirror/editing/index.ts';
import { asError } from '../../mirror/index.ts';
import { addressesOf } from './arbiter-address.ts';

/** Checked against the addresses of the members and the arbiter and this host's interfaces. Throws VIP_NOT_USABLE, VIP_NO_INTERFACE as conditions. */
export async function checkedVirtualAddress(
  vip: VirtualAddress,
  members: readonly Member[],
  arbiter: string | null,
): Promise<VirtualAddress> {
  const addresses = members.flatMap((m) => [m.privateAddress, m.superserverAddress, m.agentAddress]);
  if (arbiter !== null) addresses.push(arbiter);
  const hosts = [...new Set(addresses.map((each) => splitAddress(each).host))];
  const taken = (await Promise.all(hosts.map(addressesOf))).flat();
  const refusal = whyNoVirtualAddress(vip.address, taken) ?? whyNoInterface(vip, interfacesHere());
  if (refusal !== null) throw asError(refusal);
  return vip;
}

/** Of a new mirror; undefined: it is to have none. Throws USAGE, and as `checkedVirtualAddress` does. */
export async function newVirtualAddress(
  { vip, vipInterface }: { readonly vip?: string | undefined; readonly vipInterface?: string | undefined },
  self: Member,
  arbiter: string | null,
): Promise<VirtualAddress | undefined> {
  if (vip === undefined && vipInterface === undefined) return undefined;
  if (vip !== undefined && vipInterface !== undefined)
    return checkedVirtualAddress({ address: vip, interface: vipInterface }, [self], arbiter);
  throw new GemelError(
    'USAGE',
    'A virtual address needs both an address and an interface.',
    'Nothing was changed.',
    'Give --vip and --vip-interface.',
  );
}

/** What is not as the mirror's virtual address needs it, or as it was given, on a member that joins and could be primary; '': nothing. */
export function joiningWarning(vip: VirtualAddress | undefined, given: string | undefined, own: string | undefined): string {
  if (given !== undefined && given !== vip?.address)
    return ` The virtual address of the mirror is ${vip?.address ?? 'not set'}, not ${given}: it is set on the primary.`;
  if (vip === undefined) return '';
  const refusal = whyNoInterface({ ...vip, interface: own ?? vip.interface }, interfacesHere());
  return refusal === null ? '' : ` The virtual address of the mirror could not be bound here: ${refusal.text}`;
}

/** What a member that is promoted here is to have for the virtual address, and what to say of it. */
export interface PromotedAddress {
  /** undefined: none. */
  readonly interface: string | undefined;
  readonly text: string;
}

/** Throws VIP_INTERFACE_NEEDED, VIP_NOT_ON_SUBNET, VIP_NO_INTERFACE as conditions: nothing was changed. */
export function addressOfPromoted(
  vip: VirtualAddress | undefined,
  wish: { readonly vipInterface?: string | undefined; readonly withoutVip: boolean },
  here: readonly InterfaceAddress[] = interfacesHere(),
): PromotedAddress {
  if (vip === undefined) return { interface: undefined, text: '' };
  const found = promotedInterface(vip, here, { wanted: wish.vipInterface, isConfirmed: wish.withoutVip });
  if ('refused' in found) throw asError(found.refused);
  if (found.interface !== null)
    return { interface: found.interface, text: ` ${virtualAddressText({ address: vip.address, interface: found.interface })}` };
  const text = ` This host has no interface in the network of the virtual address ${vip.address}: lead clients here in another way once this member is primary.`;
  return { interface: undefined, text };
}

/** What is said of a virtual address wherever one is set. */
export function virtualAddressText({ address, interface: name }: VirtualAddress): string {
  return `The virtual address ${address} on ${name} is kept, but this version does not bind it: clients do not reach the primary by it.`;
}

function interfacesHere(): InterfaceAddress[] {
  return Object.entries(os.networkInterfaces()).flatMap(([name, all]) =>
    (all ?? []).flatMap(({ cidr }) => (cidr === null ? [] : [{ interface: name, cidr }])),
  );
}
