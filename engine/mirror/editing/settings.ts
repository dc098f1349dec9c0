import net from 'node:net';
import { z } from 'zod';
import type { ParallelDejournaling } from '../../api/parallel.ts';
import type { Refusal } from '../failover/index.ts';

/** Settings of a mirror that other parts use later, and what makes them right. */

export const defaultParallel: ParallelDejournaling = 'failover+dr';

/** A mirror virtual address: an address with its mask in CIDR notation, and the interface that gets it on whichever member is primary. */
export const VirtualAddress = z.object({ address: z.string(), interface: z.string() });
export type VirtualAddress = z.infer<typeof VirtualAddress>;

/** An address that an interface of this host has, in CIDR notation. */
export interface InterfaceAddress {
  readonly interface: string;
  readonly cidr: string;
}

/** null: it is one, and may be given to a mirror whose hosts have the addresses `taken`. */
export function whyNoVirtualAddress(address: string, taken: readonly string[]): Refusal | null {
  const refuse = (why: string): Refusal => ({
    code: 'VIP_NOT_USABLE',
    text: `${JSON.stringify(address)} cannot be the virtual address of a mirror: ${why}`,
    facts: { vip: address, why },
  });
  const network = networkOf(address);
  if (network === null) return refuse('give an IP address with its mask, such as 10.0.2.100/24.');
  if (isUnusable(network.ip)) return refuse('nobody on another host could connect to it.');
  if (network.isOfNetwork) return refuse('that is the address of the network or its broadcast address.');
  if (taken.includes(network.ip)) return refuse('a member of the mirror or the arbiter has this address.');
  return null;
}

/** null: the interface is there and its network has the virtual address. @param here all interface addresses of this host */
export function whyNoInterface({ address, interface: name }: VirtualAddress, here: readonly InterfaceAddress[]): Refusal | null {
  const refuse = (why: string): Refusal => ({ code: 'VIP_NO_INTERFACE', text: why, facts: { vip: address, interface: name } });
  const own = here.filter((each) => each.interface === name);
  if (own.length === 0) {
    const others = [...new Set(here.map((each) => each.interface))].join(', ');
    return refuse(`This host has no network interface ${JSON.stringify(name)} with an address; it has ${others}.`);
  }
  const { ip } = networkOf(address) ?? { ip: '' };
  if (own.some(({ cidr }) => contains(cidr, ip))) return null;
  return refuse(`The interface ${name} is not in the network of ${address}: it has ${own.map(({ cidr }) => cidr).join(', ')}.`);
}

/**
 * The interface of a host that the virtual address would be bound on, once its member is promoted; null: it has none, and the operator
 * knows that.
 * @param wanted what the operator has chosen
 */
export function promotedInterface(
  { address }: Pick<VirtualAddress, 'address'>,
  here: readonly InterfaceAddress[],
  { wanted, isConfirmed }: { readonly wanted: string | undefined; readonly isConfirmed: boolean },
): { readonly interface: string | null } | { readonly refused: Refusal } {
  if (wanted !== undefined) {
    const refused = whyNoInterface({ address, interface: wanted }, here);
    return refused === null ? { interface: wanted } : { refused };
  }
  const { ip } = networkOf(address) ?? { ip: '' };
  const fitting = [...new Set(here.filter(({ cidr }) => contains(cidr, ip)).map((each) => each.interface))];
  const [only = null, ...more] = fitting;
  if (more.length === 0 && (only !== null || isConfirmed)) return { interface: only };
  const interfaces = fitting.join(', ');
  if (only === null) {
    const text = `No network interface of this host is in the network of the mirror's virtual address ${address}.`;
    return { refused: { code: 'VIP_NOT_ON_SUBNET', text, facts: { vip: address } } };
  }
  const text = `Several network interfaces of this host are in the network of the mirror's virtual address ${address}: ${interfaces}.`;
  return { refused: { code: 'VIP_INTERFACE_NEEDED', text, facts: { vip: address, interfaces } } };
}

interface Network {
  readonly ip: string;
  /** It stands for the whole network, or for everybody in it. */
  readonly isOfNetwork: boolean;
}

function networkOf(cidr: string): Network | null {
  const [, ip, mask] = /^([0-9a-fA-F.:]+)\/(\d{1,3})$/.exec(cidr) ?? [];
  const family = ip === undefined ? 0 : net.isIP(ip);
  const bits = Number(mask);
  if (ip === undefined || family === 0 || bits < 1 || bits > (family === 4 ? 32 : 128)) return null;
  return { ip, isOfNetwork: family === 4 && bits < 31 && isEdge(ip, bits) };
}

/** All host bits are 0, or all are 1. */
function isEdge(ip: string, bits: number): boolean {
  const value = ip.split('.').reduce((sum, part) => sum * 256 + Number(part), 0);
  const hosts = 2 ** (32 - bits);
  return value % hosts === 0 || value % hosts === hosts - 1;
}

const unusable = new net.BlockList();
for (const [address, bits] of [
  ['0.0.0.0', 8],
  ['127.0.0.0', 8],
  ['224.0.0.0', 3],
] as const)
  unusable.addSubnet(address, bits, 'ipv4');
for (const [address, bits] of [
  ['::', 127],
  ['ff00::', 8],
] as const)
  unusable.addSubnet(address, bits, 'ipv6');

function familyOf(ip: string): 'ipv4' | 'ipv6' {
  return net.isIPv6(ip) ? 'ipv6' : 'ipv4';
}

/** Loopback, multicast and the like. */
function isUnusable(ip: string): boolean {
  return unusable.check(ip, familyOf(ip));
}

function contains(cidr: string, ip: string): boolean {
  const [address = '', bits = ''] = cidr.split('/');
  if (net.isIP(address) !== net.isIP(ip)) return false;
  const list = new net.BlockList();
  list.addSubnet(address, Number(bits), familyOf(ip));
  return list.check(ip, familyOf(ip));
}
