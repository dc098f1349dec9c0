import type { Clock } from '../../io/clock.ts';
import type { Net } from '../../io/net.ts';
import { newerEpoch, type Epoch, type HeardAround, type RoleName } from '../failover/index.ts';
import { splitAddress, type Member } from '../membership.ts';
import { parsePeerControl, type PeerControl } from '../peer-protocol.ts';
import { Channel, kinds } from '../wire.ts';
import type { Held } from './promotion/which-holds.ts';

/** What members tell each other of the mirror when no primary does. */
export interface News extends Held {
  readonly role: RoleName | 'async';
  /** The newest epoch that the member knows of. */
  readonly seen: Epoch;
}

export function newsMessage({ membership, committed, role, seen }: News, t: 'news' | 'news-answer'): PeerControl {
  return { t, mirror: membership.guid, membership, committed, role, seen };
}

/** Tells a member the news, at its private address or else its superserver address. @returns its own; null: it gives no answer */
export async function exchangeNews(
  { net, clock, timeoutMs }: { readonly net: Net; readonly clock: Clock; readonly timeoutMs: number },
  { privateAddress, superserverAddress }: Member,
  mine: News,
): Promise<News | null> {
  for (const address of new Set([privateAddress, superserverAddress])) {
    const { host, port } = splitAddress(address);
    const connection = await net.connect(host, port, timeoutMs).catch(() => null);
    if (connection === null) continue;
    const channel = new Channel(connection, true, () => clock.monotonicMs());
    const answer = await firstAnswer(channel, clock, timeoutMs, mine);
    if (answer !== null) return answer;
  }
  return null;
}

function firstAnswer(channel: Channel, clock: Clock, timeoutMs: number, mine: News): Promise<News | null> {
  return new Promise((resolve) => {
    let news: News | null = null;
    const timer = clock.timer(timeoutMs, () => channel.close('no answer'));
    channel.onClose = () => {
      timer.cancel();
      resolve(news);
    };
    channel.onFrame = (kind, payload) => {
      const message = kind === kinds.control ? parsePeerControl(payload) : null;
      if (message?.t === 'news-answer') news = message;
      channel.close('answered');
    };
    channel.control(newsMessage(mine, 'news'));
  });
}

/** One round of questions to several members; to its agent where a member gives no answer. */
export async function askOthers(
  env: Parameters<typeof exchangeNews>[0],
  others: readonly Member[],
  mine: () => News,
  heard: (news: News, from: Member) => void,
  askItsAgent: (member: Member) => Promise<News | null> = () => Promise.resolve(null),
): Promise<HeardAround> {
  const told = mine();
  let silent = 0;
  let unaware = 0;
  const answers = await Promise.all(
    others.map(async (member) => {
      const said = await exchangeNews(env, member, told);
      if (said === null) silent += 1;
      if (said?.membership.version !== told.membership.version) unaware += 1;
      const news = said ?? (await askItsAgent(member));
      if (news !== null) heard(news, member);
      return news;
    }),
  );
  const answered = answers.filter((news) => news !== null);
  const epochs = answered.flatMap((news) => news.committed ?? []);
  return {
    answered: answered.length,
    silent,
    unaware,
    told: told.committed,
    committed: epochs.reduce<Epoch | null>((newest, epoch) => (newest === null ? epoch : newerEpoch(newest, epoch)), null),
  };
}

/** The epoch of a primary that this role stands for; null: it stands for none. */
export function committedEpoch(role: {
  readonly is: string;
  readonly epoch?: Epoch | null;
  readonly above?: Epoch;
  readonly step?: string;
}): Epoch | null {
  if (role.is === 'primary' || role.is === 'backup') return role.epoch ?? null;
  if (role.is !== 'taking' || role.step === 'claim' || role.step === 'can-start') return null;
  return role.epoch ?? role.above ?? null;
}
