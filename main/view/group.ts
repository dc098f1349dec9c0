import type { MemberStatus, MemberView, MirrorStatus } from '../../engine/api/status.ts';
import type { InstanceFacts, World } from '../hosts/index.ts';

/** A mirror as the instances of this console tell of it. */
export interface MirrorFacts {
  readonly name: string;
  /** Instances that are members of it. */
  readonly instances: readonly InstanceFacts[];
  /** The instance whose picture is believed, with that picture: a live primary, else a live member, else the newest memory. */
  readonly source: { readonly instance: InstanceFacts; readonly mirror: MirrorStatus } | null;
}

/** Every mirror of which some instance says it is a member, by name. */
export function mirrorsOf(world: World): MirrorFacts[] {
  const byName = new Map<string, InstanceFacts[]>();
  for (const instance of world.hosts.flatMap((host) => host.instances)) {
    for (const { mirror } of instance.status.mirrors) byName.set(mirror, [...(byName.get(mirror) ?? []), instance]);
  }
  return [...byName]
    .toSorted(([a], [b]) => a.localeCompare(b))
    .map(([name, instances]) => ({ name, instances, source: sourceOf(name, instances) }));
}

/** What `instance` itself knows of the mirror; null when it never told, or when that is old and `live` is asked for. */
export function ownPicture(instance: InstanceFacts, mirror: string, live: boolean): MirrorStatus | null {
  if (live && instance.connection.state !== 'live') return null;
  const { snapshot } = instance;
  return [snapshot?.mirror, ...(snapshot?.otherMirrors ?? [])].find((picture) => picture?.mirror === mirror) ?? null;
}

/**
 * The instance behind a member: the one that says it is that member (a reporting member of several mirrors has one name in all of them and
 * tells of one), else (never heard) the one on the member's superserver port.
 */
export function instanceOf(member: { name: string; superserverAddress: string }, facts: MirrorFacts): InstanceFacts | null {
  const said = facts.instances.find((i) => ownPicture(i, facts.name, false)?.thisMember === member.name);
  if (said) return said;
  const elsewhere = facts.instances.find((i) => i.status.mirrors.length > 1 && i.snapshot?.mirror?.thisMember === member.name);
  if (elsewhere) return elsewhere;
  const port = Number(/(\d+)$/.exec(member.superserverAddress)?.[1] ?? NaN);
  return facts.instances.find((i) => i.snapshot === null && i.status.superserverPort === port) ?? null;
}

/** Instances live now that say of themselves that they are primary. */
export function livePrimaries(facts: MirrorFacts): InstanceFacts[] {
  return facts.instances.filter((i) => statusOfSelf(ownPicture(i, facts.name, true)) === 'Primary');
}

export function statusOfSelf(picture: MirrorStatus | null): MemberStatus | undefined {
  return picture?.members.find((m) => m.name === picture.thisMember)?.status;
}

/** A member's status: as it says itself where it can be asked, else as the source sees it; null where that one knows of no other member. */
export function knownStatus(facts: MirrorFacts, member: MemberView): MemberStatus | null {
  const own = facts.instances.map((i) => ownPicture(i, facts.name, true)).find((p) => p?.thisMember === member.name);
  if (own) return statusOfSelf(own) ?? null;
  const source = facts.source?.mirror;
  if (source === undefined) return null;
  return isFailover(source) || ['Connected', 'Synchronizing'].includes(statusOfSelf(source) ?? '') ? member.status : null;
}

function sourceOf(name: string, instances: readonly InstanceFacts[]): MirrorFacts['source'] {
  const candidates = instances.flatMap((instance) => {
    const mirror = ownPicture(instance, name, false);
    return mirror ? [{ instance, mirror, rank: trust(instance, mirror) }] : [];
  });
  return candidates.toSorted((a, b) => b.rank - a.rank || (b.instance.connection.asOf ?? 0) - (a.instance.connection.asOf ?? 0))[0] ?? null;
}

function trust(instance: InstanceFacts, mirror: MirrorStatus): number {
  if (instance.connection.state !== 'live') return 0;
  if (statusOfSelf(mirror) === 'Primary') return 4;
  if (statusOfSelf(mirror) === 'Backup') return 3;
  // An async that has lost its primary takes all others for down.
  return isFailover(mirror) ? 2 : 1;
}

function isFailover(picture: MirrorStatus): boolean {
  return picture.members.some((m) => m.name === picture.thisMember && m.type === 'Failover');
}
