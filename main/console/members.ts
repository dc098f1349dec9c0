import { GemelError } from '../../engine/api/errors.ts';
import type { MembersView } from '../contract/index.ts';
import type { Hosts, InstanceFacts } from '../hosts/index.ts';
import { toProblem } from '../jobs/index.ts';
import { instanceOf, mirrorsOf, type MirrorFacts } from '../view/index.ts';
import { KeptAnswers } from './kept-answers.ts';
import type { AnswersOptions } from './what-if.ts';

/** The settings of each mirror that a page shows, and what its members say of their own; by the mirror's name. */
export function membersAnswers({ hosts, now, changed }: AnswersOptions): KeptAnswers<MirrorFacts, MembersView> {
  return new KeptAnswers({
    now,
    changed,
    find: (mirror) => mirrorsOf(hosts.world()).find(({ name }) => name === mirror) ?? null,
    pictureOf,
    ask: (facts, before) => view(facts, { hosts, now }, before),
  });
}

function pictureOf({ source, instances }: MirrorFacts): string {
  const members = source?.mirror.members.map(({ name, type, status, superserverAddress, privateAddress, agentAddress, dejournaling }) => [
    name,
    type,
    status,
    [superserverAddress, privateAddress, agentAddress],
    dejournaling.startsWith('Warning'),
  ]);
  const { arbiter, vip, parallelDejournaling } = source?.mirror ?? {};
  return JSON.stringify([source?.instance.id, members, arbiter?.address, vip, parallelDejournaling, instances.map(stateOf)]);
}

function stateOf({ id, connection, status }: InstanceFacts): unknown {
  return [id, connection.state, status.mirrors];
}

async function view(
  facts: MirrorFacts,
  { hosts, now }: Pick<AnswersOptions, 'hosts' | 'now'>,
  before: MembersView | null,
): Promise<MembersView> {
  const live = facts.instances.filter(({ connection }) => connection.state === 'live');
  const left = leftOf(facts);
  const asked = await Promise.all(live.filter(({ id }) => !left.includes(id)).map((each) => instanceView(each, facts.name, hosts)));
  const base = { instances: asked.filter((each) => each !== null), left };
  const { source } = facts;
  try {
    if (source === null || source.instance.connection.state !== 'live')
      throw new GemelError(
        'NOT_RUNNING',
        'No member of the mirror can be asked now.',
        'What is shown is what was last known.',
        'Start a member, or look after its host.',
      );
    const configuration = await hosts
      .get(source.instance.host)
      .callInstance(source.instance.name, 'mirror.configuration', { mirror: facts.name });
    return { ...base, configuration, from: source.mirror.thisMember, asOf: now(), problem: null };
  } catch (error) {
    const { configuration = null, from = null, asOf = null } = before ?? {};
    return { ...base, configuration, from, asOf, problem: toProblem(error) };
  }
}

/** Instances that are no member any more, as a primary that answers says. */
function leftOf(facts: MirrorFacts): string[] {
  const { source } = facts;
  const primary = source?.mirror.members.find(({ status }) => status === 'Primary');
  if (source?.instance.connection.state !== 'live' || primary?.name !== source.mirror.thisMember) return [];
  const members = source.mirror.members.map((member) => instanceOf(member, facts)?.id);
  return facts.instances.filter(({ id, connection }) => connection.state === 'live' && !members.includes(id)).map(({ id }) => id);
}

type Asked = MembersView['instances'][number];

/** null: it cannot say. */
async function instanceView({ id, host: hostId, name, status }: InstanceFacts, mirror: string, hosts: Hosts): Promise<Asked | null> {
  const host = hosts.get(hostId);
  const type = status.mirrors.find((each) => each.mirror === mirror)?.type;
  const isReporting = type === 'Read-Only Reporting' || type === 'Read-Write Reporting';
  try {
    const [dejournaling, filter, lost] = await Promise.all([
      type === 'Failover' ? null : host.callInstance(name, 'mirror.dejournal', { mirror, action: 'status' }),
      isReporting ? host.callInstance(name, 'mirror.filter', { mirror, action: 'status' }) : null,
      host.callInstance(name, 'mirror.lostReports', { mirror }),
    ]);
    return { instance: id, dejournaling, filter, lost: lost.toReversed() };
  } catch (error) {
    // It is held, removed, or its type changes now: its state, which the page has, says so.
    if (error instanceof GemelError) return null;
    throw error;
  }
}
