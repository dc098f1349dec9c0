import { GemelError } from '../../api/errors.ts';
import { demote, promote } from '../../instance/member/role-changes.ts';
import type { RoleFault } from '../faults/kinds.ts';
import { compareEpochs } from '../../mirror/failover/epochs.ts';
import { primarySite } from './operator.ts';
import type { Site } from './site.ts';
import type { World } from './world.ts';

/** What people do about members' roles. */

interface Wish {
  /** Name; null: none. */
  readonly partner?: string | null;
  readonly nofailover?: boolean;
  readonly confirmed?: boolean;
}

/** How long an operator goes on with what was refused, in Q. */
const PATIENCE_Q = 6;
/** A promotion without a primary is asked for after so long without one, in Q. */
const ALONE_Q = 1.5;

/** One request at a time of each instance. @param done once it was granted */
function asked(site: Site, what: string, act: () => Promise<{ readonly message: string }>, done: () => void): void {
  const { instance } = site;
  if (instance === null || instance.isAsked) return;
  instance.isAsked = true;
  instance.process.run(() => {
    act().then(
      ({ message }) => {
        instance.isAsked = false;
        site.note(`${what}: ${message}`);
        done();
      },
      (error: unknown) => {
        instance.isAsked = false;
        if (!(error instanceof GemelError)) return site.failed(instance, error);
        site.note(`${what}: ${error.message}`);
      },
    );
  });
}

export function askPromotion(site: Site, wish: Wish, done: () => void = () => undefined): void {
  const { instance } = site;
  const member = instance?.member ?? null;
  if (instance === null || member === null || member.self.type !== 'Disaster Recovery') return;
  const whole = { nofailover: false, confirmed: false, withoutVip: false, dryRun: false, ...wish };
  asked(site, 'promote', () => promote(member, whole, () => instance.begun()), done);
}

export function askDemotion(site: Site, done: () => void = () => undefined): void {
  const { instance } = site;
  const mirror = instance?.mirror ?? null;
  if (instance === null || mirror === null) return;
  asked(site, 'demote', () => demote(mirror, () => instance.begun()), done);
}

/** Asks again after each Q, while faults come, until it is done or an operator's patience is over. */
function goOn(world: World, act: (done: () => void) => void, isWanted: () => boolean = () => true): void {
  const { qosMs } = world.profile;
  const end = world.now + PATIENCE_Q * qosMs;
  let isDone = false;
  const again = (): void => {
    if (isDone || !world.isFaulty || world.now > end || !isWanted()) return;
    act(() => {
      isDone = true;
    });
    world.timeline.in(qosMs, again);
  };
  again();
}

export function changeRoles(world: World, fault: RoleFault): void {
  const site = world.everyone.find(({ name }) => name === 'D');
  // A member whose disk has gone wrong is dealt with by itself.
  if (site === undefined || world.damaged !== null || world.profile.roles !== true) return;
  world.rolesChange = true;
  switch (fault.kind) {
    case 'promoted':
      goOn(world, (done) => askPromotion(site, {}, done));
      return void world.timeline.in(fault.ms, () => putBack(world));
    case 'demoted':
      goOn(world, (done) => {
        const primary = primarySite(world);
        const demoted = fault.by === 'primary' ? primary : world.partnerOf(primary);
        if (demoted !== null) askDemotion(demoted, done);
      });
      return void world.timeline.in(fault.ms, () => putBack(world));
    case 'promoted-alone':
      return promotedAlone(world, site, fault);
  }
}

/** Who was a failover member in the beginning is one again, where D's member is the other one or there is no other. */
function putBack(world: World): void {
  goOn(world, (done) => {
    const primary = world.all.find(({ instance }) => instance?.isOpen === true);
    const other = primary === undefined ? undefined : world.partnerOf(primary);
    if (other === undefined || (other !== null && other.name !== 'D')) return;
    const candidate = disasterRecovery(world).find(({ name }) => name !== 'D');
    if (candidate !== undefined) askPromotion(candidate, {}, done);
  });
}

function disasterRecovery(world: World): readonly Site[] {
  return world.asyncs.sites.filter(({ name }) => name !== 'E');
}

/** A mirror gets its second failover member, and no failover holds nobody's promotion any more. True while there is something to ask for. */
export function askForUsualRoles(world: World): boolean {
  if (world.profile.roles !== true) return false;
  for (const site of world.all) if (site.instance?.mirror?.state.durable.promotion?.isHeld === true) clearHold(site);
  if (world.all.length > 1) return false;
  // Who is promoted must have its databases in order.
  world.asyncs.mend();
  // One after the other: two that ask in one turn would each be granted, and the second take the place of the first.
  const candidates = disasterRecovery(world);
  const ready = candidates.find(({ instance }) => (instance?.member?.primary ?? null) !== null) ?? candidates[0];
  if (ready !== undefined) askPromotion(ready, {});
  return candidates.length > 0;
}

export function clearHold(site: Site): void {
  site.instance?.mirror?.requests.ask('clear-no-failover').then(
    () => site.note('clear-no-failover: done'),
    (error: unknown) => site.note(`clear-no-failover: ${error instanceof Error ? error.message : String(error)}`),
  );
}

/** Both failover members are lost in the way that this promotion is for. */
function promotedAlone(world: World, site: Site, { partner, isHeld, ms }: Extract<RoleFault, { kind: 'promoted-alone' }>): void {
  const lost = world.all;
  // Who has nothing of the mirror yet has nothing to go on from.
  if (lost.includes(site) || (site.instance?.journal?.reach.lineage.length ?? 0) === 0) return;
  // As a force: of two forks that never met nobody knows which one is newer.
  const endsPromise = partner === 'none';
  if (endsPromise && world.forces !== null && world.forces !== site) return;
  const last = lastPrimary(world);
  for (const [n, each] of lost.entries()) {
    // Without a partner somebody's agent is silent; another one's has the journal that its member left.
    if (partner === 'itself' || (partner === 'none' && lost.length > 1 && n === Number(isHeld))) {
      each.isHeldDown = true;
      each.instance?.process.kill();
    } else each.powerCut();
  }
  const wish: Wish = { nofailover: isHeld && endsPromise, confirmed: endsPromise };
  const name = last === null ? undefined : `MEMBER_${last.name}`;
  world.timeline.in(ALONE_Q * world.profile.qosMs, () => {
    const isLost = (): boolean => lost.every(({ instance }) => instance === null);
    if (partner === 'chosen' && name === undefined) return;
    if (endsPromise) world.forces = site;
    const asks: Wish = partner === 'itself' ? wish : { ...wish, partner: partner === 'none' ? null : (name ?? null) };
    goOn(world, (done) => askPromotion(site, asks, done), isLost);
  });
  if (isHeld) world.timeline.in(0.8 * ms, () => clearHold(site));
  world.timeline.in(ms, () => {
    for (const each of lost) {
      each.isHeldDown = false;
      each.allUp();
    }
  });
}

/** The failover member that wrote the newest epoch; null: that is none now. An operator who chooses it knows that. */
function lastPrimary(world: World): Site | null {
  const epoch = world.ledger.epochs.toSorted((a, b) => compareEpochs(b, a))[0];
  return world.all.find((site) => site.guid === epoch?.member) ?? null;
}
