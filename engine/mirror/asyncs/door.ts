import { GemelError } from '../../api/errors.ts';
import type { Clock } from '../../io/clock.ts';
import type { Connection } from '../../io/net.ts';
import type { AgentReply } from '../agent-protocol.ts';
import { serveCompare } from '../compare/index.ts';
import { memberOf } from '../membership.ts';
import { serveSeed, type SeedSource } from '../seeding/index.ts';
import { parsePeerControl, type PeerControl } from '../peer-protocol.ts';
import { serveJournal } from '../serve-journal.ts';
import { told } from '../told-error.ts';
import { answerAndClose, Channel, kinds } from '../wire.ts';
import type { AsyncMember } from './async-member.ts';
import { newsMessage } from './news.ts';

const FIRST_MESSAGE_MS = 10_000;

/** Who connects to an instance with async members: others that look for the primary, and one that was promoted and collects journal. */
export class AsyncDoor {
  readonly #clock: Clock;
  readonly #members: () => readonly AsyncMember[];
  readonly #channels = new Set<Channel>();

  /** @param members of this instance: one, or several of a reporting member in several mirrors */
  constructor(clock: Clock, members: () => readonly AsyncMember[]) {
    this.#clock = clock;
    this.#members = members;
  }

  accept(connection: Connection): void {
    const clock = this.#clock;
    const channel = new Channel(connection, false, () => clock.monotonicMs());
    const timer = clock.timer(FIRST_MESSAGE_MS, () => channel.close('no question'));
    this.#channels.add(channel);
    channel.onClose = () => {
      timer.cancel();
      this.#channels.delete(channel);
    };
    channel.onFrame = (kind, payload) => {
      timer.cancel();
      if (kind === kinds.control) this.#answer(channel, parsePeerControl(payload));
      else channel.close('no question');
    };
  }

  #answer(channel: Channel, message: PeerControl): void {
    const member = 'mirror' in message ? this.#members().find(({ membership: { guid } }) => guid === message.mirror) : undefined;
    if (member === undefined) return channel.close('not a member of that mirror');
    switch (message.t) {
      case 'news':
        member.changes.heard(message);
        return answerAndClose(channel, newsMessage(member.news, 'news-answer'));
      case 'compare': {
        const { asker, database } = message;
        return serveCompare({ channel, membership: member.membership, asker, side: () => member.options.host.compared(database) });
      }
      case 'seed': {
        const { asker, database } = message;
        const source = (): SeedSource => member.options.host.seeded(database, asker);
        return serveSeed({ channel, membership: member.membership, asker, source });
      }
      case 'fetch':
        return serve(channel, member, message.asker);
      case 'hello':
      case 'follow': {
        const { membership } = member;
        const text = `${member.self.name} is an async member of the mirror ${membership.mirror}.`;
        return answerAndClose(channel, { t: 'refused', code: 'REFUSED', text, membership } satisfies PeerControl);
      }
      default:
        return channel.close('no question');
    }
  }

  close(): void {
    for (const channel of this.#channels) channel.close('the instance stops');
  }
}

/** What an async has is durable in the mirror, so it may be had by one that goes on with it. */
function serve(channel: Channel, { membership, primary, journal: { reach, journal } }: AsyncMember, asker: string): void {
  try {
    if (memberOf(membership, asker) === undefined) throw new GemelError('REFUSED', 'Only members of the mirror get journal data.');
    if (primary !== null) throw new GemelError('REFUSED', 'This member follows a primary, which has more.');
    serveJournal(channel, { files: journal.files, lineage: reach.lineage, end: reach.end });
  } catch (error) {
    if (!(error instanceof GemelError)) throw error;
    answerAndClose(channel, { t: 'error', code: error.code, ...told(error) } satisfies AgentReply);
  }
}
