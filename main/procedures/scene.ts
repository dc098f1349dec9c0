import type { MemberStatus, MemberType } from '../../engine/api/status.ts';
import type { HostFacts, World } from '../hosts/index.ts';
import { instanceOf, livePrimaries, mirrorsOf, ownPicture, statusOfSelf, type MirrorFacts } from '../view/index.ts';

/** A member as procedures look at it. */
export interface Actor {
  readonly name: string;
  readonly type: MemberType;
  /** What it says of itself where it can be asked, else what the best informed other says. */
  readonly status: MemberStatus;
  /** It is a backup that has everything before it is acknowledged. */
  readonly active: boolean;
  readonly caughtUp: boolean;
  /** InstanceView id; null: not known to this console. */
  readonly instance: string | null;
  /** Of its instance; null: this console does not know it. */
  readonly running: boolean | null;
  /** Host id; null: not known. */
  readonly host: string | null;
  /** Its host's agent answers this console; null: this console does not know that host. */
  readonly agent: boolean | null;
}

/** A mirror at one moment. */
export interface Scene {
  readonly mirror: string;
  readonly actors: readonly Actor[];
  /** The one member that says now that it is primary; null: none, or it cannot be asked. */
  readonly primary: Actor | null;
  readonly noFailover: boolean;
}

/** null: no mirror of that name is known. */
export function sceneOf(world: World, mirror: string): Scene | null {
  const facts = mirrorsOf(world).find(({ name }) => name === mirror);
  if (facts === undefined) return null;
  const actors = (facts.source?.mirror.members ?? []).map((member): Actor => {
    const instance = instanceOf(member, facts);
    const live = instance === null ? null : ownPicture(instance, mirror, true);
    const own = live?.members.find(({ name }) => name === member.name);
    const host = instance === null ? undefined : world.hosts.find(({ known }) => known.id === instance.host);
    const status = (own ?? statusSeen(member.status, instance?.status.state)).status;
    return {
      name: member.name,
      type: own?.type ?? member.type,
      status,
      active: status === 'Backup' && (own ?? member).journalTransfer === 'Active' && isFresh(facts),
      caughtUp: ['Caught up', 'Active'].includes(member.journalTransfer) && ['Caught up', 'N/A'].includes(member.dejournaling),
      instance: instance?.id ?? null,
      running: instance === null ? null : instance.status.state !== 'stopped',
      host: instance?.host ?? null,
      agent: host === undefined ? null : agentAnswers(host),
    };
  });
  const primaries = livePrimaries(facts).map((each) => ownPicture(each, mirror, true)?.thisMember);
  return {
    mirror,
    actors,
    primary: primaries.length === 1 ? (actors.find(({ name }) => name === primaries[0]) ?? null) : null,
    noFailover: facts.source?.mirror.noFailover ?? false,
  };
}

function statusSeen(status: MemberStatus, state: string | undefined): { status: MemberStatus; type?: never; journalTransfer?: never } {
  return { status: state === 'stopped' ? 'Down' : status };
}

function isFresh({ source }: MirrorFacts): boolean {
  return source?.instance.connection.state === 'live' && statusOfSelf(source.mirror) !== undefined;
}

function agentAnswers({ connection }: HostFacts): boolean {
  return connection.state === 'live';
}

export function actor(scene: Scene, name: string): Actor | undefined {
  return scene.actors.find((each) => each.name === name);
}

/** A backup that is connected, active or not. */
export function backupOf(scene: Scene): Actor | undefined {
  return scene.actors.find(({ status, type }) => type === 'Failover' && status === 'Backup');
}

/** The failover members, the primary first. */
export function failovers(scene: Scene): Actor[] {
  const all = scene.actors.filter(({ type }) => type === 'Failover');
  return [...all.filter(({ name }) => name === scene.primary?.name), ...all.filter(({ name }) => name !== scene.primary?.name)];
}

export function disasterRecovery(scene: Scene): Actor[] {
  return scene.actors.filter(({ type }) => type === 'Disaster Recovery');
}

/** Neither it nor anything of it takes part in the mirror now. */
export function isDown({ status, running }: Actor): boolean {
  return running === false || ['Down', 'Crashed', 'Stopped', 'Not Initialized'].includes(status);
}
