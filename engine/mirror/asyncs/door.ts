import { GemelError } from '../../api/errors.ts';
import type { Connection } from '../../io/net.ts';
import { memberOf } from '../membership.ts';
import { parsePeerControl, type PeerControl } from '../peer-protocol.ts';
import { serveJournal } from '../serve-journal.ts';
import { told } from '../told-error.ts';
import { answerAndClose, Channel, kinds } from '../wire.ts';
import type { AsyncMember } from './async-member.ts';
import { newsMessage } from './news.ts';

const FIRST_MESSAGE_MS = 10_000;

/** Who connects to an async member: others that look for the primary, and one that was promoted and collects journal. */
export class AsyncDoor {
  readonly #member: AsyncMember;
  readonly #channels = new Set<Channel>();

  constructor(member: AsyncMember) {
    this.#member = member;
  }

  accept(connection: Connection): void {
    const { clock } = this.#member.options.io;
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
    const member = this.#member;
    const { membership } = member;
    switch (message.t) {
      case 'news':
        member.heardNews(message);
        return answerAndClose(channel, newsMessage(member.news, 'news-answer'));
      case 'fetch':
        return this.#serve(channel, message);
      case 'hello':
      case 'follow': {
        const text = `${member.self.name} is an async member of the mirror ${membership.mirror}.`;
        const known = message.mirror === membership.guid ? { membership } : {};
        return answerAndClose(channel, { t: 'refused', code: 'REFUSED', text, ...known } satisfies PeerControl);
      }
      default:
        return channel.close('no question');
    }
  }

  /** What this member has is durable in the mirror, so it may be had by one that goes on with it. */
  #serve(channel: Channel, { mirror, asker }: Extract<PeerControl, { t: 'fetch' }>): void {
    const member = this.#member;
    try {
      if (mirror !== member.membership.guid || memberOf(member.membership, asker) === undefined)
        throw new GemelError('REFUSED', 'Only members of the mirror get journal data.');
      if (member.primary !== null) throw new GemelError('REFUSED', 'This member follows a primary, which has more.');
      const { reach, journal } = member.journal;
      serveJournal(channel, { files: journal.files, lineage: reach.lineage, end: reach.end });
    } catch (error) {
      if (!(error instanceof GemelError)) throw error;
      answerAndClose(channel, { t: 'error', code: error.code, ...told(error) });
    }
  }

  close(): void {
    for (const channel of this.#channels) channel.close('the instance stops');
  }
}
