import { comparePositions, type Lineage, type Position } from '../../journal/index.ts';
import type { Epoch } from '../../journal/index.ts';
import type { Right } from '../../mirror/failover/index.ts';
import { compareEpochs } from '../../mirror/failover/epochs.ts';
import type { Instance } from './instance.ts';
import type { World } from './world.ts';

/** What must hold, beyond the journal itself, when a member begins an epoch in a mirror whose members' roles change. */

/** So long nothing may have changed in the network for anybody to be certain of having been reached, in Q. */
const CALM_Q = 4;
/** A journal file's first block stands behind its header. */
const DATA_START = 4096;

export interface Reach {
  readonly lineage: Lineage;
  readonly end: Position;
}

export function checkBegins(world: World, by: Instance, right: Right, epoch: Epoch, lineage: Lineage): void {
  if (world.profile.roles !== true || !isCalm(world)) return;
  if (right.by === 'promotion') checkCollected(world, by, lineage);
  if (right.by !== 'force' && right.by !== 'resume') checkFenced(world, by, epoch);
}

function isCalm(world: World): boolean {
  return world.now - world.disturbedAt > CALM_Q * world.profile.qosMs && world.net.isUsual;
}

/** Members that have run undisturbed for long enough to be asked, and not been paused. */
function reached(world: World, by: Instance): Instance[] {
  return world.everyone.flatMap(({ instance }) =>
    instance !== null && instance !== by && isSteady(world, instance) && isSteady(world, by) ? [instance] : [],
  );
}

function isSteady(world: World, { process, startedAt }: Instance): boolean {
  return process.alive && !process.paused && world.now - startedAt > CALM_Q * world.profile.qosMs;
}

/** Who is promoted without a partner has what those have who can be reached and follow nobody, or whose agents answer for them. */
function checkCollected(world: World, by: Instance, lineage: Lineage): void {
  const asyncs = reached(world, by).flatMap(({ site, member }) =>
    member !== null && member.primary === null
      ? [{ who: site.name, reach: { lineage: member.journal.reach.lineage, end: member.journal.reach.end.position } }]
      : [],
  );
  const down = world.everyone.flatMap(({ name, left, agent, instance, agentSince }) =>
    left !== null && instance === null && agent?.paused === false && world.now - agentSince > CALM_Q * world.profile.qosMs
      ? [{ who: name, reach: left }]
      : [],
  );
  for (const { who, reach } of [...asyncs, ...down])
    if (goesOn(lineage, reach))
      world.fail(
        `${by.site.name} becomes primary by its promotion without journal that ${who} has, up to ${reach.end.file}:${reach.end.offset}`,
      );
}

/** Whether that journal has more of the history that this epoch went on from. */
function goesOn(lineage: Lineage, theirs: Reach): boolean {
  const own = lineage.slice(0, -1);
  const end = lineage.at(-1)?.previousEnd;
  if (end === undefined || !own.every(({ epoch }, n) => isSame(epoch, theirs.lineage[n]?.epoch))) return false;
  const next = theirs.lineage[own.length];
  if (next !== undefined) return comparePositions(next.previousEnd, end) >= 0;
  return theirs.end.offset > DATA_START && comparePositions(theirs.end, end) > 0;
}

function isSame(one: Epoch, other: Epoch | undefined): boolean {
  return other !== undefined && compareEpochs(one, other) === 0 && one.member === other.member;
}

/** Nobody becomes primary in an epoch that is older than one which somebody knows of who can be reached. */
function checkFenced(world: World, by: Instance, epoch: Epoch): void {
  const knows = reached(world, by).find(({ site }) => {
    const known = world.roles.known(site);
    return known !== null && compareEpochs(known.epoch, epoch) > 0 && world.now - known.since > CALM_Q * world.profile.qosMs;
  });
  if (knows !== undefined)
    world.fail(
      `${by.site.name} begins ${epoch.major}.${epoch.minor} although ${knows.site.name} can be reached and knows of a newer epoch`,
    );
}

/** What an instance whose process ends leaves on its disk, at least. */
export function leftBy({ journal }: Instance): Reach | null {
  const reach = journal?.reach;
  return reach === undefined ? null : { lineage: reach.lineage, end: reach.end.position };
}
