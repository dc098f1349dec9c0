import { splitAddress, type Member, type Membership } from '../membership.ts';

/** New network addresses of one member; what is left out stays. A private or superserver address without a port keeps the one it has. */
export interface AddressChange {
  readonly privateAddress?: string | undefined;
  readonly superserverAddress?: string | undefined;
  /** HOST:PORT */
  readonly agentAddress?: string | undefined;
}

export function withAddresses(member: Member, { privateAddress, superserverAddress, agentAddress }: AddressChange): Member {
  return {
    ...member,
    privateAddress: withPortOf(member.privateAddress, privateAddress),
    superserverAddress: withPortOf(member.superserverAddress, superserverAddress),
    agentAddress: agentAddress ?? member.agentAddress,
  };
}

function withPortOf(before: string, given: string | undefined): string {
  if (given === undefined) return before;
  return hasPort(given) ? given : `${bracketed(given)}:${splitAddress(before).port}`;
}

function hasPort(address: string): boolean {
  return /^(\[[^\]]*\]|[^:]*):\d+$/.test(address);
}

function bracketed(host: string): string {
  return host.includes(':') && !host.startsWith('[') ? `[${host}]` : host;
}

/** Whether the change gives one of the member's addresses another port of its superserver. */
export function changesPort(member: Member, change: AddressChange): boolean {
  const after = withAddresses(member, change);
  return (['privateAddress', 'superserverAddress'] as const).some(
    (name) => splitAddress(after[name]).port !== splitAddress(member[name]).port,
  );
}

/** Its superserver listens on another port: those of its addresses that have the former one. One that is forwarded has another and stays. */
export function withPort(member: Member, from: number, to: number): Member {
  const moved = (address: string): string =>
    splitAddress(address).port === from ? `${address.slice(0, address.lastIndexOf(':'))}:${to}` : address;
  return { ...member, privateAddress: moved(member.privateAddress), superserverAddress: moved(member.superserverAddress) };
}

/** The membership with one member changed. */
export function withMember(membership: Membership, guid: string, change: (member: Member) => Member): Membership {
  return { ...membership, members: membership.members.map((m) => (m.guid === guid ? change(m) : m)) };
}

/** The membership without one member. */
export function without(membership: Membership, guid: string): Membership {
  return { ...membership, members: membership.members.filter((m) => m.guid !== guid) };
}

/** Whether whoever is connected to the member by one of its addresses has to connect anew. */
export function isMoved(before: Member | undefined, after: Member | undefined): boolean {
  if (before === undefined || after === undefined) return false;
  return before.privateAddress !== after.privateAddress || before.superserverAddress !== after.superserverAddress;
}
