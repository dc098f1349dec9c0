import type { Membership } from '../../mirror/index.ts';
import type { OperatorAct } from '../faults/kinds.ts';
import { membership as asLaidOut } from './layout.ts';
import type { Site } from './site.ts';
import type { World } from './world.ts';

/** What people ask of members, and hear. */

/** Whoever is open for users, or else one that may be. */
export function primarySite(world: World): Site {
  return world.everyone.find((site) => site.instance?.isOpen === true) ?? world.all[0] ?? world.sites.A;
}

function told(site: Site, what: string, answer: Promise<void> | undefined): void {
  answer?.then(
    () => site.note(`${what}: done`),
    (error: unknown) => site.note(`${what}: ${error instanceof Error ? error.message : String(error)}`),
  );
}

/** Does nothing where no instance runs. */
export function ask(site: Site, act: OperatorAct | 'stop-mirroring' | 'start-mirroring'): void {
  const { instance } = site;
  if (instance === null || instance.phase !== 'running') return;
  if (act === 'stop' || act === 'stop-nofailover') return instance.stop(act === 'stop-nofailover');
  told(site, act, instance.mirror?.requests.ask(act));
}

/** Only one member of a run is forced or resumed: two forces that never met begin the same epoch, and both stop for the operator. */
export function force(world: World, site: Site): void {
  if (world.forces !== null && world.forces !== site) return;
  if (world.damaged !== null && world.isFaulty) return;
  world.forces = site;
  told(site, 'force-primary', site.instance?.mirror?.requests.forcePrimary(true));
}

/** Confirms what is so, and nothing else. As a force, it begins an epoch that only its member knows of. */
export function resume(world: World, primary: Site, partner: Site): void {
  const epoch = primary.instance?.mirror?.journal.writer?.epoch;
  if (epoch === undefined || (world.forces !== null && world.forces !== primary)) return;
  world.forces = primary;
  const isNewer = world.ledger.isFollowed(epoch);
  told(
    primary,
    'resume-primary',
    primary.instance?.mirror?.requests.resumePrimary({
      backupIsDown: partner.instance === null,
      backupNeverBecamePrimary: !isNewer,
      backupHasNoNewerJournalFile: !isNewer,
    }),
  );
}

/** At whoever is primary. */
export function changeMirror(world: World, change: (membership: Membership) => Membership): void {
  const site = primarySite(world);
  told(site, 'change', site.instance?.mirror?.requests.changeMembership(change));
}

/** The arbiter and Q as they were in the beginning. */
export function changeBack(world: World): void {
  const { qosMs, arbiter } = asLaidOut(world.profile.qosMs, world.profile.arbiter, ['A', 'B']);
  changeMirror(world, (membership) => ({ ...membership, qosMs, arbiter }));
}

/** Mirroring is started everywhere, and the mirror is what it was. True while there is something to ask for. */
export function askForTheUsual(world: World): boolean {
  const { qosMs, arbiter } = asLaidOut(world.profile.qosMs, world.profile.arbiter, ['A', 'B']);
  for (const site of world.all) if (site.instance?.mirror?.state.role.is === 'stopped') ask(site, 'start-mirroring');
  const { mirror } = primarySite(world).instance ?? {};
  const role = mirror?.state.role;
  if (mirror === undefined || mirror === null || role?.is !== 'primary') return false;
  const isUsual = mirror.membership.qosMs === qosMs && mirror.membership.arbiter === arbiter;
  if (!isUsual && role.trouble === null && role.changing === null) changeBack(world);
  return !isUsual;
}
