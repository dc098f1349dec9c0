import { GemelError } from '../../api/errors.ts';
import { Mirror, type AsyncMember } from '../../mirror/index.ts';
import { mirroringStopped, Operator } from './operator.ts';

/** How long a promotion waits for the role it leads to before it answers. */
const SETTLE_MS = 5000;

type Done = { message: string };
/** Once a change to another type is over: the failover member, if this instance is one now. */
type Begun = () => Promise<Mirror | null>;

/** A disaster recovery async becomes the backup of the operating primary. Resolves once it has its new role. */
export async function promote(member: Mirror | AsyncMember, begun: Begun): Promise<Done> {
  if (member instanceof Mirror) throw new GemelError('REFUSED', 'This member is a failover member already.', 'Nothing was changed.');
  await member.askToBePromoted();
  const mirror = await begun();
  await mirror?.until((state) => state.role.is === 'backup', SETTLE_MS);
  return { message: `This member was promoted to failover member and is ${mirror?.state.role.is ?? 'starting'}.` };
}

/** On the backup: this member; on the primary: the other failover member. It becomes a disaster recovery async. */
export async function demote(member: Mirror, begun: Begun): Promise<Done> {
  if (member.state.role.is === 'primary') {
    const name = member.partner?.name ?? '';
    await member.requests.demotePartner();
    return { message: `${name} was demoted to disaster recovery async.` };
  }
  await member.peers.demotion.ask();
  await begun();
  return { message: 'This member was demoted to disaster recovery async.' };
}

export async function stopMirroring(member: Mirror | AsyncMember): Promise<Done> {
  if (member instanceof Mirror) return new Operator(member).stopMirroring();
  member.stopMirroring();
  return { message: mirroringStopped };
}

export async function startMirroring(member: Mirror | AsyncMember): Promise<Done> {
  if (member instanceof Mirror) return new Operator(member).startMirroring();
  member.startMirroring();
  return { message: 'Mirroring is started on this member; it looks for the primary.' };
}
