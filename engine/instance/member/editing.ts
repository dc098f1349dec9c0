import type { InstanceMethods, Parsed } from '../../api/contract.ts';
import { conditionLine, type ConditionCode } from '../../api/conditions.ts';
import { GemelError } from '../../api/errors.ts';
import { HostPort } from '../../api/names.ts';
import { asError, Mirror, requireTakers, type AsyncMember, type Member, type Membership } from '../../mirror/index.ts';
import {
  findMember,
  whyNotEditAddresses,
  withAddresses,
  withMember,
  type AddressChange,
  type Asked,
  type Standing,
} from '../../mirror/editing/index.ts';
import type { Log } from '../messages.ts';
import { arbiterAddress } from './arbiter-address.ts';
import { changesCompression, compressionOf } from './compression.ts';
import { Operator } from './operator.ts';
import type { OwnPort } from './own-port.ts';
import { valid } from './valid.ts';
import { checkedVirtualAddress } from './virtual-address.ts';

type Params = Parsed<InstanceMethods, 'mirror.edit'>;
type Done = { message: string };

/** What an editing does: a member's addresses, this member's own port, or settings of the mirror; one at a time. */
export async function edit(
  member: Mirror | AsyncMember,
  params: Params,
  {
    log,
    ownPort,
    all,
  }: {
    readonly log: Log;
    readonly ownPort: OwnPort;
    /** This instance in each of its mirrors. */ readonly all: readonly (Mirror | AsyncMember)[];
  },
): Promise<Done> {
  const { superserverPort, member: name, mirror: _mirror, privateAddress, superserverAddress, agentAddress, ...settings } = params;
  const { vipInterface, ...ofMirror } = settings;
  const addresses = { privateAddress, superserverAddress, agentAddress };
  const hasAddresses = isGiven(addresses);
  const wanted = [superserverPort !== undefined, name !== undefined || hasAddresses, isGiven(name === undefined ? settings : ofMirror)];
  if (wanted.filter(Boolean).length > 1)
    throw usage(
      'A member’s addresses, the own superserver port, and settings of the mirror are edited one at a time.',
      'Give several commands.',
    );
  if (superserverPort !== undefined) return { message: await ownPort.change(all, superserverPort) };
  if (name !== undefined) return editMember(member, name, { ...addresses, vipInterface }, log);
  if (hasAddresses) throw usage('Whose addresses?', 'Give the member too: --member NAME');
  return new Operator(failoverOnly(member)).edit(params, await checkedSettings(member, params));
}

function isGiven(params: object): boolean {
  return Object.values(params).some((value) => value !== undefined);
}

function usage(what: string, todo: string): GemelError {
  return new GemelError('USAGE', what, 'Nothing was changed.', todo);
}

function failoverOnly(member: Mirror | AsyncMember): Mirror {
  if (member instanceof Mirror) return member;
  throw asError({ code: 'NOT_PRIMARY', text: 'The mirror is changed on its primary; this is an async member.', facts: { role: 'async' } });
}

/** How a member stands to its mirror, as the rules of editing ask. */
export function askedOf(member: Mirror | AsyncMember): Asked {
  return { self: member.self, standing: member instanceof Mirror ? standingOf(member) : asyncStanding(member) };
}

/** Whether the mirror's properties of databases are this member's to have now. */
export function propertyStanding(member: Mirror | AsyncMember): { isFollowing: boolean; isAsync: boolean } {
  const { self, standing } = askedOf(member);
  return { isFollowing: standing === 'primary' || standing === 'connected', isAsync: self.type !== 'Failover' };
}

function asyncStanding({ primary, stopped }: AsyncMember): Standing {
  return primary !== null ? 'connected' : stopped ? 'stopped' : 'disconnected';
}

function standingOf({ state: { role } }: Mirror): Standing {
  if (role.is === 'primary') return 'primary';
  if (role.is === 'backup') return 'connected';
  return role.is === 'stopped' ? 'stopped' : 'disconnected';
}

// ------------------------------------------------------------ addresses

interface MemberChange extends AddressChange {
  readonly vipInterface?: string | undefined;
}

async function editMember(member: Mirror | AsyncMember, name: string, change: MemberChange, log: Log): Promise<Done> {
  if (!isGiven(change))
    throw usage(`Nothing was said that should be changed of ${name}.`, 'Give --private-address, --superserver-address or --agent-address.');
  if (change.agentAddress !== undefined) valid(HostPort, change.agentAddress, 'an agent');
  const target = findMember(member.membership, name);
  if (!('guid' in target)) throw asError(target);
  const { vipInterface, ...addresses } = change;
  const changed = (m: Member): Member => ({ ...withAddresses(m, addresses), ...(vipInterface === undefined ? {} : { vipInterface }) });
  const { arbiter, arbiterOnMemberHost } = member.membership;
  const after = changed(target);
  checkHosts(after);
  if (arbiter !== null) await arbiterAddress(arbiter, [after], arbiterOnMemberHost);
  // Nothing is waited for between this and a change that is made here alone.
  const asked = askedOf(member);
  const refusal = whyNotEditAddresses(asked, target, change);
  if (refusal !== null) throw asError(refusal);
  const inMembership = (m: Membership): Membership => withMember(m, target.guid, changed);
  const isHere = asked.standing !== 'primary';
  if (member instanceof Mirror && !isHere) await member.requests.changeMembership(inMembership);
  else member.correct(inMembership);
  const { privateAddress, superserverAddress, agentAddress } = after;
  const code: ConditionCode = isHere ? 'MEMBER_CORRECTED_HERE' : 'MEMBER_CHANGED';
  const text = `${target.name} is reached at ${privateAddress} (private), ${superserverAddress} (superserver) and ${agentAddress} (agent)`;
  log(1, conditionLine(code, `${text}.`, { member: target.name, privateAddress, superserverAddress, agentAddress }));
  return {
    message: isHere
      ? `${text}, for this member only: it uses that from now on, and takes over what the primary says when it is connected again.`
      : `${text}. Connected members know it; the others learn it when they connect.`,
  };
}

/** Throws NAME. */
function checkHosts({ privateAddress, superserverAddress }: Member): void {
  for (const address of [privateAddress, superserverAddress]) valid(HostPort, address, 'a member');
}

// ------------------------------------------------------------ settings of the mirror

type MirrorSettings = Pick<Membership, 'parallelDejournaling' | 'vip' | 'compression'>;

/** What is to be changed of the mirror's settings besides arbiter and QoS timeout. Throws USAGE, NOT_PRIMARY, COMPRESSION_REFUSED, VIP_... */
async function checkedSettings(member: Mirror | AsyncMember, params: Params): Promise<Partial<MirrorSettings>> {
  const { membership } = member;
  const { parallelDejournaling, vip, vipInterface } = params;
  const compression = changesCompression(params) ? compressionOf(params, membership.compression) : undefined;
  if (compression !== undefined && member instanceof Mirror && member.state.role.is === 'primary') requireTakers(member, compression);
  return {
    ...(parallelDejournaling === undefined ? {} : { parallelDejournaling }),
    ...(compression === undefined ? {} : { compression }),
    ...(vip === null ? { vip: undefined } : vip === undefined && vipInterface === undefined ? {} : { vip: await changedVip() }),
  };

  async function changedVip() {
    const address = vip ?? membership.vip?.address;
    const name = vipInterface ?? membership.vip?.interface;
    if (address === undefined || name === undefined)
      throw usage('A virtual address needs both an address and an interface.', 'Give --vip and --vip-interface.');
    return checkedVirtualAddress({ address, interface: name }, membership.members, membership.arbiter);
  }
}
