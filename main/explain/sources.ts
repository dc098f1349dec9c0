import type { LogPage, LogRange } from '../../engine/api/messages.ts';
import type { TimelineSource } from '../contract/index.ts';
import type { Hosts, HostFacts, InstanceFacts, World } from '../hosts/index.ts';
import { toProblem } from '../jobs/index.ts';
import { mirrorsOf, ownPicture } from '../view/index.ts';
import type { SourceLines } from './timeline.ts';

const ANSWER_MS = 10_000;

/** One whose log can tell of the mirror. */
export interface Witness {
  readonly name: string;
  readonly kind: TimelineSource['kind'];
  readonly mirrors: readonly string[];
  read(range: LogRange): Promise<LogPage>;
}

/** The members known here, the agents of their hosts, and the arbiter. */
export function witnesses(hosts: Hosts, mirror: string): Witness[] {
  const world = hosts.world();
  const facts = mirrorsOf(world).find((each) => each.name === mirror);
  const members = facts?.instances ?? [];
  const arbiter = facts?.source?.mirror.arbiter.address?.replace('|', ':') ?? null;
  return [
    ...members.map((instance) => memberWitness(hosts, instance, mirror)),
    ...world.hosts.flatMap((host) => {
      const kind = agentKind(host, { mirror, members, arbiter });
      return kind === null ? [] : [agentWitness(hosts, host, kind, world)];
    }),
  ];
}

/** By the instance while it runs; else its host's agent has the log. */
function memberWitness(hosts: Hosts, instance: InstanceFacts, mirror: string): Witness {
  const host = hosts.get(instance.host);
  return {
    name: ownPicture(instance, mirror, false)?.thisMember ?? instance.name,
    kind: 'member',
    mirrors: instance.status.mirrors.map((m) => m.mirror),
    read: (range) =>
      instance.connection.state === 'live'
        ? host.callInstance(instance.name, 'log.read', range, ANSWER_MS)
        : host.callAgent('log.read', { ...range, instance: instance.name }, ANSWER_MS),
  };
}

function agentKind(
  host: HostFacts,
  { mirror, members, arbiter }: { mirror: string; members: readonly InstanceFacts[]; arbiter: string | null },
): 'agent' | 'arbiter' | null {
  if (host.agent?.arbiterFor.includes(mirror) === true || (arbiter !== null && host.agent?.address === arbiter)) return 'arbiter';
  return members.some((instance) => instance.host === host.known.id) ? 'agent' : null;
}

function agentWitness(hosts: Hosts, { known, agent, instances }: HostFacts, kind: 'agent' | 'arbiter', world: World): Witness {
  const mirrors = [...instances.flatMap((i) => i.status.mirrors.map((m) => m.mirror)), ...(agent?.arbiterFor ?? [])];
  const sameLabel = world.hosts.filter((h) => h.known.label === known.label).length > 1;
  const label = sameLabel ? known.id : known.label;
  return {
    name: kind === 'arbiter' ? `Arbiter, ${label}` : `Agent, ${label}`,
    kind,
    mirrors,
    read: (range) => hosts.get(known.id).callAgent('log.read', range, ANSWER_MS),
  };
}

/** Asks all at once. One that cannot be asked is told with the reason. */
export async function ask(from: readonly Witness[], range: LogRange): Promise<{ lines: SourceLines[]; sources: TimelineSource[] }> {
  const asked = await Promise.all(
    from.map(async ({ name, kind, mirrors, read }) => {
      try {
        const { lines, more } = await read(range);
        return { lines: { name, mirrors, lines }, source: { name, kind, lines: lines.length, more, problem: null } };
      } catch (error) {
        return { lines: { name, mirrors, lines: [] }, source: { name, kind, lines: 0, more: false, problem: toProblem(error).what } };
      }
    }),
  );
  return { lines: asked.map(({ lines }) => lines), sources: asked.map(({ source }) => source) };
}
