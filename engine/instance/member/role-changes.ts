import type { InstanceMethods, Parsed, Result } from '../../api/contract.ts';
import { GemelError } from '../../api/errors.ts';
import { Mirror, promoteAlone, type AsyncMember, type Promoted } from '../../mirror/index.ts';
import { mirroringStopped, Operator } from './operator.ts';
import { addressOfPromoted } from './virtual-address.ts';

/** How long a promotion waits for the role it leads to before it answers. */
const SETTLE_MS = 5000;
/** The same of one that becomes primary: it may have journal to fetch. */
const BECOME_MS = 20_000;

type Done = { message: string };
type PromotionWish = Omit<Parsed<InstanceMethods, 'mirror.promote'>, 'mirror'>;
/** Once a change to another type is over: the failover member, if this instance is one now. */
type Begun = () => Promise<Mirror | null>;

/** A disaster recovery async becomes a failover member. Resolves once it has its new role, or it is certain that this takes longer. */
export async function promote(
  member: Mirror | AsyncMember,
  wish: PromotionWish,
  begun: Begun,
): Promise<Result<InstanceMethods, 'mirror.promote'>> {
  if (member instanceof Mirror) throw new GemelError('REFUSED', 'This member is a failover member already.', 'Nothing was changed.');
  const address = addressOfPromoted(member.membership.vip, wish);
  const act = member.primary === null ? promoteWithoutPrimary : promoteToBackup;
  const done = await act(member, { ...wish, vipInterface: address.interface }, begun);
  return { ...done, message: `${done.message}${address.text}` };
}

async function promoteToBackup(
  member: AsyncMember,
  { partner, nofailover, vipInterface, dryRun }: PromotionWish,
  begun: Begun,
): Promise<Result<InstanceMethods, 'mirror.promote'>> {
  if (partner !== undefined || nofailover)
    throw new GemelError(
      'USAGE',
      'A primary operates, so it is the partner, and this member becomes its backup.',
      'Nothing was changed.',
      'Leave --partner and --nofailover out.',
    );
  if (dryRun) {
    member.requireAll();
    return {
      message: `This member would become backup of ${nameOfPrimary(member)}.`,
      partner: nameOfPrimary(member),
      setValidatedMember: [],
    };
  }
  await member.askToBePromoted(vipInterface);
  const mirror = await begun();
  await mirror?.until((state) => state.role.is === 'backup', SETTLE_MS);
  return {
    message: `This member was promoted to failover member and is ${mirror?.state.role.is ?? 'starting'}.`,
    partner: mirror?.partner?.name ?? null,
    setValidatedMember: [],
  };
}

async function promoteWithoutPrimary(
  member: AsyncMember,
  { partner, nofailover, confirmed, vipInterface, dryRun }: PromotionWish,
  begun: Begun,
): Promise<Result<InstanceMethods, 'mirror.promote'>> {
  checkMember(member);
  const wanted = partner === undefined ? {} : { partner: partner?.toUpperCase() ?? null };
  const promoted = await promoteAlone(member, { ...wanted, isHeld: nofailover, isConfirmed: confirmed }, { vipInterface, dryRun });
  if (dryRun) return { message: wouldText(promoted), partner: promoted.partner, setValidatedMember: [...promoted.byHand] };
  const mirror = await begun();
  const { byHand } = promoted;
  // The chosen partner's agent may be away for long: nothing is waited for then.
  const waitsForPartner = promoted.partner !== null && byHand.includes(promoted.partner);
  if (!nofailover && !waitsForPartner)
    await mirror?.until((state) => state.role.is === 'primary' && state.role.trouble === null, BECOME_MS);
  return { message: promotedText(promoted, mirror, waitsForPartner), partner: promoted.partner, setValidatedMember: [...byHand] };
}

/** What has to be in order on this member before anybody is asked. */
function checkMember(member: AsyncMember): void {
  const refuse = (what: string, todo: string): GemelError => new GemelError('REFUSED', what, 'Nothing was changed.', todo);
  if (member.self.type !== 'Disaster Recovery')
    throw refuse(`${member.self.name} is a reporting member; only disaster recovery members are promoted.`, 'Promote another member.');
  if (member.stopped) throw refuse('Mirroring is stopped on this member.', 'Start it first: gemel mirror start');
  member.requireAll();
  const why = member.crashed ?? member.options.host.cannotTakeOver();
  if (why !== null)
    throw refuse(`This member could not become primary: ${why}`, 'See gemel mirror status here, or promote another member.');
}

function nameOfPrimary({ primary, membership }: AsyncMember): string {
  return membership.members.find(({ guid }) => guid === primary?.guid)?.name ?? '';
}

function wouldText({ partner, byHand }: Promoted): string {
  if (partner === null) return 'This member would become primary without a partner, with its own journal and what other members have.';
  if (byHand.includes(partner))
    return `This member would wait for the agent of ${partner}, and become primary with the journal of ${partner}.`;
  return `This member would get the journal of ${partner} from its agent and become primary; ${partner} is its backup once it is started.`;
}

function promotedText({ partner, byHand }: Promoted, mirror: Mirror | null, waitsForPartner: boolean): string {
  const role = mirror?.state.role.is ?? 'starting';
  const said = [
    `This member was promoted to failover member ${partner === null ? 'without a partner' : `with ${partner} as its partner`} and is ${role}.`,
  ];
  if (waitsForPartner)
    said.push(
      `It becomes primary when the agent of ${String(partner)} answers and its journal is here; without it: gemel mirror force-primary`,
    );
  if (mirror?.state.durable.promotion?.isHeld === true)
    said.push('It collects journal and becomes primary on: gemel mirror clear-nofailover');
  if (byHand.length > 0)
    said.push(`Set ValidatedMember=0 in [MirrorMember] of gemel.cpf, before the instance is started, on: ${byHand.join(', ')}.`);
  return said.join(' ');
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
