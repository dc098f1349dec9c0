import type { Comparison, DatabaseComparison } from '../../api/compare.ts';
import { conditionLine } from '../../api/conditions.ts';
import type { InstanceMethods, Parsed } from '../../api/contract.ts';
import { GemelError } from '../../api/errors.ts';
import type { Handlers } from '../../api/rpc/index.ts';
import type { Io } from '../../io/index.ts';
import type { Net } from '../../io/net.ts';
import { type AsyncMember, compareDatabase, type Mirror, RemoteSide, type Member, type Side } from '../../mirror/index.ts';
import type { JobContext, Jobs } from '../jobs/index.ts';
import type { MemberHost } from '../member/host.ts';
import { memberAt, type Place } from '../member/place.ts';
import { primaryOf } from '../member/primary-of.ts';
import type { Log } from '../messages.ts';

interface CompareContext {
  readonly io: Pick<Io, 'clock'>;
  readonly net: Net;
  readonly log: Log;
  readonly jobs: Jobs;
  /** The place in the mirror of that name, or the only one. Throws REFUSED, NOT_FOUND, USAGE. */
  readonly place: (mirror: string | undefined) => Place;
}

type Params = Parsed<InstanceMethods, 'mirror.compare'>;

export function compareHandlers(context: CompareContext): Pick<Handlers<InstanceMethods>, 'mirror.compare'> {
  return { 'mirror.compare': (params) => ({ job: beginComparison(context, params) }) };
}

interface Parties {
  readonly member: Mirror | AsyncMember;
  readonly host: MemberHost;
  readonly other: Member;
  /** Whoever is primary, as far as this member knows; null: nobody. */
  readonly primary: string | null;
}

/** @returns the job. Throws REFUSED, NOT_FOUND, USAGE, BUSYLOCK */
export function beginComparison(context: CompareContext, params: Params): string {
  const parties = partiesOf(context.place(params.mirror), params);
  const { member, other } = parties;
  const databases = chosen(member, params.databases);
  const { mirror } = member.membership;
  return context.jobs.start<Comparison>({
    kind: 'mirror.compare',
    title: `Comparison with ${other.name}`,
    cancellable: true,
    holds: [`databases of the mirror ${mirror}`],
    run: async (job) => {
      const compared: DatabaseComparison[] = [];
      for (const database of databases) compared.push(await compareOne(context, parties, database, params.repair, job));
      return { mirror, member: ownName(member), with: other.name, databases: compared };
    },
  });
}

function ownName(member: Mirror | AsyncMember): string {
  return member.self.name;
}

function partiesOf(place: Place, params: Params): Parties {
  const member = memberAt(place);
  const { host } = place;
  if (host === null)
    throw new GemelError('REFUSED', 'This member is not at work in its mirror.', 'Nothing was changed.', 'See messages.log.');
  const { membership } = member;
  const self = member.options.record.self;
  const primary = primaryOf(member);
  const isPrimary = primary === self;
  const wanted = params.with?.toUpperCase();
  const other =
    wanted === undefined
      ? membership.members.find(({ guid, type }) => (isPrimary ? type === 'Failover' && guid !== self : guid === primary))
      : membership.members.find(({ name }) => name === wanted);
  if (other === undefined)
    throw new GemelError(
      'NOT_FOUND',
      wanted === undefined ? 'There is no primary now to compare with.' : `The mirror ${membership.mirror} has no member ${wanted}.`,
      'Nothing was changed.',
      'Say which member: --with MEMBER.',
    );
  if (other.guid === self)
    throw new GemelError('USAGE', 'A member is compared with another one.', 'Nothing was changed.', 'Say which: --with MEMBER.');
  if (params.repair && (isPrimary || other.guid !== primary))
    throw new GemelError(
      'REFUSED',
      isPrimary ? 'The primary’s copy is the one that counts: it is not repaired.' : 'A copy is repaired from the primary only.',
      'Nothing was changed.',
      'Repair on the member whose copy differs, and leave --with out.',
      { code: 'COMPARE_REPAIR_REFUSED', facts: { with: other.name } },
    );
  return { member, host, other, primary };
}

/** Throws NOT_FOUND. */
function chosen({ membership }: Mirror | AsyncMember, wanted: readonly string[] | undefined): string[] {
  const names = membership.databases.map(({ name }) => name);
  if (wanted === undefined) return names;
  const unknown = wanted.find((name) => !names.includes(name.toUpperCase()));
  if (unknown === undefined) return wanted.map((name) => name.toUpperCase());
  throw new GemelError(
    'NOT_FOUND',
    `The mirror ${membership.mirror} has no database ${unknown.toUpperCase()}.`,
    'Nothing was compared.',
    `It has: ${names.join(', ')}.`,
  );
}

async function compareOne(
  { io, net, log }: CompareContext,
  { member, host, other, primary }: Parties,
  database: string,
  repair: boolean,
  job: JobContext,
): Promise<DatabaseComparison> {
  const opened: Side[] = [];
  const begun = io.clock.monotonicMs();
  try {
    const here = host.compared(database);
    opened.push(here);
    const there = await RemoteSide.open({ net, clock: io.clock }, member.membership, member.options.record.self, other, database);
    opened.push(there);
    const isPrimary = primary === member.options.record.self;
    const found = await compareDatabase({
      // What counts comes first, so that `missing` is what the member that is no primary lacks.
      first: isPrimary ? here : there,
      second: isPrimary ? there : here,
      repair,
      signal: job.signal,
      progress: (nodes) => job.progress({ done: nodes, total: null, unit: 'nodes', text: `Comparing ${database}` }),
    });
    const { nodes, different, repaired } = found;
    const facts = { database, with: other.name, nodes, different, repaired };
    if (different === 0)
      job.step(`${database} is the same on ${other.name}: ${nodes} nodes in ${seconds(io.clock.monotonicMs() - begun)} s.`);
    else
      log(
        2,
        conditionLine(
          'COPIES_DIFFER',
          `The database ${database} is not the same here and on ${other.name}: ${different} nodes differ${repair ? `, ${repaired} were made as they are there` : ''}.`,
          facts,
        ),
      );
    return { database, skipped: null, ...found };
  } catch (error) {
    if (!(error instanceof GemelError) || job.signal.aborted) throw error;
    job.step(`${database} was not compared: ${error.message}`);
    return { database, skipped: error.message, position: null, nodes: 0, different: 0, repaired: 0, ranges: [] };
  } finally {
    await Promise.all(opened.map((side) => side.close()));
  }
}

function seconds(ms: number): string {
  return (ms / 1000).toFixed(1);
}
