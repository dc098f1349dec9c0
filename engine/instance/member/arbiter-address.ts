import { promises as dns } from 'node:dns';
import net from 'node:net';
import { conditions } from '../../api/conditions.ts';
import { GemelError } from '../../api/errors.ts';
import { HostPort } from '../../api/names.ts';
import { splitAddress, type Member } from '../../mirror/index.ts';
import { isLoopback } from '../addresses.ts';
import { valid } from './valid.ts';

/**
 * The address of an arbiter as it is kept. An arbiter on the host of a failover or disaster recovery member would fail together with it: it is
 * refused, unless `allowed` (the demo, and tests on one computer). Throws NAME, REFUSED.
 */
export async function arbiterAddress(address: string, members: readonly Member[], allowed: boolean): Promise<string> {
  const { host, port } = valid(HostPort, address, 'an arbiter');
  const kept = `${host.includes(':') ? `[${host}]` : host}:${port}`;
  if (allowed) return kept;
  const its = await addressesOf(host);
  const onHost = await firstAsync(members.filter(mayBePrimary), async (member) => {
    const hosts = [member.agentAddress, member.privateAddress, member.superserverAddress].map((each) => splitAddress(each).host);
    const theirs = await Promise.all(hosts.map(addressesOf));
    return theirs.some((set) => set.some((one) => its.includes(one)));
  });
  // Loopback is every member's own host, whichever of them dials.
  const on = onHost?.name ?? (its.some(isLoopback) ? 'this one' : null);
  if (on === null) return kept;
  throw new GemelError(
    'REFUSED',
    `The arbiter ${address} is on the host of the member ${on}; it would fail together with it.`,
    conditions.ARBITER_ON_MEMBER_HOST.means,
    conditions.ARBITER_ON_MEMBER_HOST.todo,
    { code: 'ARBITER_ON_MEMBER_HOST', facts: { arbiter: address, member: on } },
  );
}

/** Reporting members never are: an arbiter may share their host. */
function mayBePrimary({ type }: Member): boolean {
  return type === 'Failover' || type === 'Disaster Recovery';
}

/** All addresses a host name stands for, and the name itself; a name that is not known here stands for itself alone. */
export async function addressesOf(host: string): Promise<string[]> {
  if (net.isIP(host) !== 0) return [host];
  try {
    const found = await dns.lookup(host, { all: true });
    return [host.toLowerCase(), ...found.map((each) => each.address)];
  } catch {
    // The name service says nothing now: names are compared as they are written.
    return [host.toLowerCase()];
  }
}

async function firstAsync<T>(all: readonly T[], fits: (one: T) => Promise<boolean>): Promise<T | undefined> {
  for (const one of all) if (await fits(one)) return one;
  return undefined;
}
