import { GemelError } from '../../api/errors.ts';
import type { SeededCopy, SeedNews, SeedResult } from '../../api/seeding.ts';
import type { MemberStatus } from '../../api/status.ts';
import type { JobContext, JobDefinition } from '../jobs/index.ts';
import type { Place } from '../member/index.ts';
import { primaryOf } from '../member/primary-of.ts';
import { hereAt, pause, type SeedContext } from './context.ts';

const LOOK_MS = 150;
/** A member that is not connected for so long is not waited for. */
const GONE_MS = 3000;
/** A member that is connected and says nothing for so long is of a version that makes no copies. */
const SILENT_MS = 60_000;

/** What members have said of their copies, to this one. */
export class Board {
  readonly #news = new Map<string, SeedNews>();

  /** @param guid of the database  @param member its name */
  heard(guid: string, member: string, news: SeedNews): void {
    this.#news.set(`${guid} ${member}`, news);
  }

  of(guid: string, member: string): SeedNews | null {
    return this.#news.get(`${guid} ${member}`) ?? null;
  }

  /** What was said before counts no more. */
  forget(guid: string): void {
    for (const key of this.#news.keys()) if (key.startsWith(`${guid} `)) this.#news.delete(key);
  }
}

/** How one member stands with one copy. */
export interface Standing {
  readonly database: string;
  readonly member: string;
  /** null: it is connected. */
  readonly goneMs: number | null;
  readonly news: SeedNews | null;
}

/** Whether nothing more is to be waited for. @param sinceMs that long it may have spoken */
export function isOver({ goneMs, news }: Standing, sinceMs: number): boolean {
  if (news?.state === 'caught-up' || news?.state === 'refused') return true;
  if (goneMs !== null) return goneMs >= GONE_MS;
  return news === null && sinceMs >= SILENT_MS;
}

/** `B: copying 40 % of DATA` */
export function wordsOf({ database, member, goneMs, news }: Standing): string {
  const what = `${member}, ${database}`;
  if (goneMs !== null && news?.state !== 'caught-up') return `${what}: not connected; it makes its copy by itself when it is.`;
  if (news === null) return `${what}: not begun.`;
  const words = {
    waiting: 'waiting',
    preparing: 'a backup is being made for it',
    copying: 'copying',
    restoring: 'writing its copy',
    'catching-up': 'catching up',
    'caught-up': 'caught up',
    refused: 'refused',
  };
  return `${what}: ${words[news.state]}.${news.text === '' ? '' : ` ${news.text}`}`;
}

/** Shows how all failover and disaster recovery members come by their copies of databases, until all that are connected have them. */
export function followJob(
  databases: readonly { readonly name: string; readonly guid: string }[],
  place: Place,
  board: Board,
  context: SeedContext,
): JobDefinition<SeedResult> {
  const names = databases.map(({ name }) => name).join(', ');
  return {
    kind: 'db.seed',
    title: `copies of ${names} on all members`,
    // Members go on by themselves.
    cancellable: true,
    holds: databases.map(({ name }) => `copies of ${name}`),
    run: async (job) => {
      const { clock } = context.io;
      const begun = clock.monotonicMs();
      const gone = new Map<string, number>();
      const said = new Map<string, string>();
      for (;;) {
        job.signal.throwIfAborted();
        const now = clock.monotonicMs();
        const standings = standingsAt(databases, place, board, gone, now);
        for (const each of standings) sayOnce(each, said, job);
        progress(standings, job);
        if (standings.every((each) => isOver(each, now - begun))) return resultOf(standings, names);
        await pause(clock, LOOK_MS, job.signal);
      }
    },
  };
}

/** Throws REFUSED once this member is not primary any more. */
function standingsAt(
  databases: readonly { readonly name: string; readonly guid: string }[],
  place: Place,
  board: Board,
  gone: Map<string, number>,
  now: number,
): Standing[] {
  const { member } = hereAt(place);
  const self = member.options.record.self;
  if (primaryOf(member) !== self)
    throw new GemelError(
      'REFUSED',
      'This member is no longer primary.',
      'The other members go on with their copies by themselves.',
      'gemel db seed on the new primary shows how far they are.',
    );
  const statuses = new Map(place.view?.status().members.map(({ name, status }) => [name, status]));
  const wanted = member.membership.members.filter(
    ({ guid, type }) => guid !== self && (type === 'Failover' || type === 'Disaster Recovery'),
  );
  return wanted.flatMap(({ name: other }) => {
    if (isConnected(statuses.get(other))) gone.delete(other);
    else if (!gone.has(other)) gone.set(other, now);
    const since = gone.get(other);
    const goneMs = since === undefined ? null : now - since;
    return databases.map(({ name, guid }) => ({ database: name, member: other, goneMs, news: board.of(guid, other) }));
  });
}

function isConnected(status: MemberStatus | undefined): boolean {
  return status === 'Backup' || status === 'Connected' || status === 'Synchronizing';
}

function sayOnce(standing: Standing, said: Map<string, string>, job: JobContext): void {
  const { database, member, news, goneMs } = standing;
  if (news === null && (goneMs ?? 0) < GONE_MS) return;
  const words = wordsOf(standing);
  if (said.get(`${database} ${member}`) === words) return;
  said.set(`${database} ${member}`, words);
  job.step(words);
}

function progress(standings: readonly Standing[], job: JobContext): void {
  const going = standings.flatMap((each) => (each.news === null || each.goneMs !== null ? [] : [{ ...each, news: each.news }]));
  const measured = going.filter(({ news }) => news.total !== null);
  const sum = (of: (news: SeedNews) => number): number => measured.reduce((all, { news }) => all + of(news), 0);
  const text = going
    .filter(({ news }) => news.state !== 'caught-up' && news.state !== 'refused')
    .map(({ member, database, news }) => `${member} ${database} ${news.state}${shareOf(news)}`)
    .join('; ');
  job.progress({
    done: sum(({ done }) => done),
    total: measured.length === 0 ? null : sum(({ total }) => total ?? 0),
    unit: 'bytes',
    text: text === '' ? 'Waiting for the other members' : text,
  });
}

function shareOf({ done, total }: SeedNews): string {
  return total === null || total === 0 ? '' : ` ${Math.floor((100 * done) / total)} %`;
}

/** Throws REFUSED with what is to be done on which member. */
function resultOf(standings: readonly Standing[], names: string): SeedResult {
  const copies = standings.map((each): SeededCopy => {
    const { database, member, goneMs, news } = each;
    return {
      database,
      member,
      state: goneMs !== null && news?.state !== 'caught-up' ? null : (news?.state ?? null),
      text: news?.text ?? '',
    };
  });
  const refused = standings.filter(({ news }) => news?.state === 'refused');
  if (refused.length > 0)
    throw new GemelError(
      'REFUSED',
      `Not every member has made its copy. ${refused.map((each) => wordsOf(each)).join(' ')}`,
      'The databases are in the mirror, and the other copies are made or go on by themselves.',
      'Do on those members what is said there; they try again by themselves, or at once with gemel db seed there.',
    );
  const done = copies.filter(({ state }) => state === 'caught-up');
  const away = [...new Set(copies.filter(({ state }) => state !== 'caught-up').map(({ member }) => member))];
  const members = [...new Set(done.map(({ member }) => member))].filter((member) => !away.includes(member));
  const told = [
    members.length === 0 ? `No other member has a copy of ${names} yet.` : `${members.join(', ')}: the copies of ${names} are caught up.`,
    away.length === 0 ? '' : `Not connected, or silent: ${away.join(', ')}; each makes its copies by itself once it is connected.`,
    ...done.flatMap(({ member, text }) => (text === '' ? [] : [`${member}: ${text}`])),
  ];
  return {
    message:
      standings.length === 0
        ? `The mirror has no other failover or disaster recovery member.`
        : told.filter((each) => each !== '').join(' '),
    copies,
  };
}
