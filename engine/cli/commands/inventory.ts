import type { Command } from 'commander';
import type { MemberView } from '../../api/status.ts';
import { instanceMethods, instanceTopics } from '../../api/contract.ts';
import { GemelError } from '../../api/errors.ts';
import { connectControl } from '../../api/rpc/index.ts';
import type { InstanceStatus, MirrorStatus } from '../../api/status.ts';
import { instancePaths, inventory } from '../../instance/host.ts';
import { command, show, type Context, type JsonOption } from '../context.ts';
import { table } from '../output.ts';

/** One line of `inventory` and `ps`: an instance of this host or a member of one of its mirrors. */
interface Known {
  readonly member: string;
  /** + primary, - backup */
  readonly mark: '+' | '-' | '';
  readonly mirror: string | null;
  readonly type: string | null;
  readonly status: string | null;
  readonly address: string | null;
  readonly agentAddress: string | null;
  /** Name and state when it is an instance of this host. */
  readonly instance: string | null;
  readonly state: string | null;
}

export function addInventoryCommands(program: Command, context: Context): void {
  command(program, 'inventory', 'all members known here, + for the primary and - for the backup').action(async (options: JsonOption) => {
    show(context, options, await known(context.home), (all) =>
      table(
        ['MEMBER', 'ADDRESS', 'AGENT', 'INSTANCE'],
        all.map((k) => [`${k.member}${k.mark}`, k.address, k.agentAddress, k.instance]),
        'Nothing is known here. Make an instance: gemel instance create NAME',
      ),
    );
  });
  command(program, 'ps', 'the same with their state now').action(async (options: JsonOption) => {
    show(context, options, await known(context.home), (all) =>
      table(
        ['MEMBER', 'ADDRESS', 'INSTANCE', 'STATE', 'MIRROR', 'TYPE', 'STATUS'],
        all.map((k) => [`${k.member}${k.mark}`, k.address, k.instance, k.state, k.mirror, k.type, k.status]),
        'Nothing is known here. Make an instance: gemel instance create NAME',
      ),
    );
  });
}

/** What the running instances of this host know of their mirrors, then what is left of its own instances. */
async function known(home: string): Promise<Known[]> {
  const instances = await inventory(home);
  const found = new Map<string, Known>();
  for (const instance of instances) {
    const status = instance.state === 'running' && instance.mirrors.length > 0 ? await mirrorOf(instance) : undefined;
    if (status === undefined) {
      if (![...found.values()].some((each) => each.instance === instance.name)) found.set(`/${instance.name}`, local(instance));
      continue;
    }
    for (const member of status.members) {
      const own = member.name === status.thisMember ? instance : undefined;
      const key = `${status.mirror}/${member.name}`;
      if (own !== undefined || !found.has(key)) found.set(key, memberLine(status.mirror, member, own));
    }
  }
  return [...found.values()].sort((a, b) => (a.member < b.member ? -1 : 1));
}

async function mirrorOf({ directory }: InstanceStatus): Promise<MirrorStatus | undefined> {
  try {
    const client = await connectControl(instancePaths(directory).control, instanceMethods, instanceTopics);
    try {
      return await client.call('mirror.status', {});
    } finally {
      client.close();
    }
  } catch (error) {
    // It may stop, or leave its mirror, between the two questions.
    if (error instanceof GemelError) return undefined;
    throw error;
  }
}

function memberLine(mirror: string, m: MemberView, own: InstanceStatus | undefined): Known {
  const mark = m.status === 'Primary' ? '+' : m.status === 'Backup' ? '-' : '';
  return {
    member: m.name,
    mark,
    mirror,
    type: m.type,
    status: m.status,
    address: m.superserverAddress,
    agentAddress: m.agentAddress,
    instance: own?.name ?? null,
    state: own?.state ?? null,
  };
}

function local(i: InstanceStatus): Known {
  const [first] = i.mirrors;
  return {
    member: i.name,
    mark: '',
    mirror: first?.mirror ?? null,
    type: first?.type ?? null,
    status: first?.status ?? null,
    address: `127.0.0.1:${i.superserverPort}`,
    agentAddress: null,
    instance: i.name,
    state: i.state,
  };
}
