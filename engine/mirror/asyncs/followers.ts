import { GemelError } from '../../api/errors.ts';
import { comparePositions, type JournalWriter, type Position } from '../../journal/index.ts';
import { compressionFor, type Takes } from '../compression.ts';
import { grantWish } from '../editing/wishes.ts';
import { isAsync, memberOf, type Member, type Membership } from '../membership.ts';
import type { Mirror } from '../mirror.ts';
import type { PeerControl } from '../peer-protocol.ts';
import { answerAndClose, kinds, readPosition, type Channel, type Kind } from '../wire.ts';
import { told } from '../told-error.ts';
import type { CompressionType } from '../../api/compression.ts';
import type { AsyncType } from '../../api/status.ts';
import { checkTypeChange } from './check-type.ts';
import { checkPromotion } from './check-promotion.ts';
import { DurableFeed } from './durable-feed.ts';
import { DurableSender } from './durable-sender.ts';
import { parseAsyncControl, type AsyncBeat, type AsyncControl, type ForAsyncs } from './protocol.ts';
import { Pulse } from './pulse.ts';

/** Of how many that were refused it is remembered why. */
const REMEMBERED_MAX = 64;

export type Follow = Extract<PeerControl, { t: 'follow' }>;

/** What is known of one async member on the primary. */
export interface FollowerState {
  readonly connected: boolean;
  /** The newest that it has said of itself; null: nothing yet. */
  readonly beat: AsyncBeat | null;
  readonly sent: Position | null;
  /** Durable in its journal file, as it acknowledges. */
  readonly acknowledged: Position | null;
  /** Had everything once since it connected. */
  readonly caughtUp: boolean;
  /** ms since the epoch; null: never connected since this member runs. */
  readonly lostAt: number | null;
}

interface Link {
  readonly channel: Channel;
  /** As it was when it connected. */
  readonly member: Member;
  /** The software's. */
  readonly version: string;
  /** What compressed journal it can take. */
  readonly takes: Takes;
  readonly writer: JournalWriter;
  readonly pulse: Pulse;
  sender: DurableSender | null;
  acknowledged: Position | null;
  beat: AsyncBeat | null;
  caughtUp: boolean;
}

/** The connections of async members to this primary. They only take: nothing they do or leave out is waited for. */
export class Followers {
  readonly #mirror: Mirror;
  readonly #news: () => ForAsyncs;
  readonly #links = new Map<string, Link>();
  /** By what they compress by: nearly always one for all. */
  readonly #feeds = new Map<CompressionType | null, DurableFeed>();
  readonly #lostAt = new Map<string, number>();
  /** By member: why it was refused last, until it is taken. It asks again and again; said once. */
  readonly #refusals = new Map<string, string>();
  /** The same of those that were taken, but what they lack cannot be sent; until something can. */
  readonly #unsent = new Map<string, string>();

  /** @param news what asyncs are told with each heartbeat */
  constructor(mirror: Mirror, news: () => ForAsyncs) {
    this.#mirror = mirror;
    this.#news = news;
  }

  /** A connection whose first message was `follow`; it belongs to this mirror. */
  accept(channel: Channel, follow: Follow): void {
    const mirror = this.#mirror;
    const { writer } = mirror.journal;
    const answer = (message: AsyncControl, why: string): void => answerAndClose(channel, message, why);
    const member = memberOf(mirror.membership, follow.member);
    const refusal = refusalOf(member, follow, mirror);
    if (refusal !== null || member === undefined) {
      const why = refusal?.text ?? '';
      const from = channel.connection.remote;
      if (this.#isNews(this.#refusals, follow.member, why))
        mirror.note('ASYNC_REFUSED', `An async member at ${from} was refused: ${why}`, { from, why });
      // It may have been a member: then that is how it finds out that it is none any more.
      const { membership } = mirror;
      return answer({ t: 'refused', code: refusal?.code ?? 'NOT_FOUND', text: refusal?.text ?? '', membership }, 'refused');
    }
    if (!mayBeFollowed(mirror) || writer === null)
      return answer({ t: 'elsewhere', primary: this.#primary(), membership: mirror.membership }, 'not primary');
    this.#refusals.delete(member.guid);
    this.#links.get(member.guid)?.channel.close('connected anew');
    const link: Link = {
      channel,
      member,
      version: follow.version,
      takes: follow.takes,
      writer,
      pulse: new Pulse({ channel, clock: this.#clock, qosMs: () => mirror.membership.qosMs, beat: () => this.#beat(channel) }),
      sender: null,
      acknowledged: null,
      beat: null,
      caughtUp: false,
    };
    this.#links.set(member.guid, link);
    channel.onClose = (why) => this.#lost(link, why);
    channel.onFrame = (kind, payload) => this.#frame(link, kind, payload);
    channel.control({
      t: 'follow-answer',
      primary: mirror.options.record.self,
      epoch: writer.epoch,
      reach: mirror.journal.reach,
      membership: mirror.membership,
    } satisfies AsyncControl);
    mirror.options.host.changed();
  }

  get #clock() {
    return this.#mirror.options.io.clock;
  }

  /** Who is primary as far as this member knows. */
  #primary(): string | null {
    const { role } = this.#mirror.state;
    return role.is === 'backup' ? role.primary : null;
  }

  #beat(channel: Channel): void {
    const { writer } = this.#mirror.journal;
    if (writer === null) return channel.close('no longer primary');
    channel.control({ t: 'primary-beat', durable: writer.durable, ...this.#news() } satisfies AsyncControl);
  }

  #frame(link: Link, kind: Kind, payload: Buffer): void {
    if (kind === kinds.ack) {
      this.#unsent.delete(link.member.guid);
      return this.#acknowledged(link, readPosition(payload));
    }
    if (kind !== kinds.control) return link.channel.close('journal data from an async member');
    const message = parseAsyncControl(payload);
    if (message.t === 'ready') return this.#ready(link, message.from);
    if (message.t === 'ask-promote') return void this.#promote(link, message.vipInterface);
    if (message.t === 'ask-edit')
      return void grantWish(this.#mirror, link.member.guid, message.wish, (error) =>
        link.channel.control({ t: 'edit-answer', id: message.id, error } satisfies AsyncControl),
      );
    if (message.t === 'ask-type') return void this.#changeType(link, message.type);
    if (message.t !== 'async-beat') return link.channel.close('a message that is not an async member’s');
    link.beat = message;
    this.#mirror.options.host.changed();
  }

  #ready(link: Link, from: Position): void {
    const { channel, member, writer, takes } = link;
    if (link.sender !== null) return channel.close('ready twice');
    const { journal } = this.#mirror.journal;
    const first = { file: journal.files.first?.number ?? 1, offset: 0 };
    link.sender = new DurableSender({
      channel,
      feed: this.#feedOf(writer, compressionFor('async', this.#mirror, member.guid, takes)),
      journal,
      from: from.file === 0 ? first : from,
      failed: (error) => this.#cannotSend(link, error),
    });
    if (!this.#unsent.has(member.guid))
      this.#mirror.note('ASYNC_CONNECTED', `The async member ${member.name} connected and receives the journal.`, {
        member: member.name,
        from: `${from.file}:${from.offset}`,
      });
    // It may have changed while the member was busy with its journal and heard nothing.
    channel.control({ t: 'membership', membership: this.#mirror.membership } satisfies AsyncControl);
    this.#acknowledged(link, from);
    this.#beat(channel);
  }

  /** One for all that are fed from this writer and take the same; made anew when the writer has changed. */
  #feedOf(writer: JournalWriter, type: CompressionType | null): DurableFeed {
    const feed = this.#feeds.get(type);
    if (feed?.writer === writer) return feed;
    feed?.close();
    const { compressor } = this.#mirror.options.io;
    const made = new DurableFeed({ writer, clock: this.#clock, compressor, type });
    this.#feeds.set(type, made);
    return made;
  }

  async #promote({ channel, member: { guid }, beat, caughtUp }: Link, vipInterface: string | undefined): Promise<void> {
    const member = memberOf(this.#mirror.membership, guid);
    if (member === undefined) return;
    try {
      await checkPromotion(this.#mirror, member, { caughtUp, attention: beat?.attention ?? true });
      await this.#mirror.requests.promote(member.guid, vipInterface);
    } catch (error) {
      if (!(error instanceof GemelError)) throw error;
      channel.control({ t: 'promote-refused', error: told(error) } satisfies AsyncControl);
    }
  }

  async #changeType({ channel, member: { guid }, version }: Link, type: AsyncType): Promise<void> {
    try {
      checkTypeChange(this.#mirror, guid, type, version);
      await this.#mirror.requests.changeAsyncType(guid, type);
    } catch (error) {
      if (!(error instanceof GemelError)) throw error;
      channel.control({ t: 'type-refused', error: told(error) } satisfies AsyncControl);
    }
  }

  #cannotSend({ channel, member }: Link, error: GemelError): void {
    if (this.#isNews(this.#unsent, member.guid, error.what))
      this.#mirror.note('ASYNC_REFUSED', `The async member ${member.name} cannot be sent what it lacks. ${error.message}`, {
        from: member.name,
        why: error.what,
      });
    channel.control({ t: 'refused', code: error.code, text: error.what } satisfies AsyncControl);
    channel.close('what it lacks cannot be sent');
  }

  /** Strangers may ask under ever new names: not all are remembered. */
  #isNews(said: Map<string, string>, guid: string, why: string): boolean {
    if (said.get(guid) === why) return false;
    if (said.size >= REMEMBERED_MAX) said.clear();
    said.set(guid, why);
    return true;
  }

  #acknowledged(link: Link, position: Position): void {
    link.acknowledged = position;
    if (link.caughtUp || comparePositions(position, link.writer.durable) < 0) return;
    link.caughtUp = true;
    this.#mirror.options.host.changed();
  }

  #lost(link: Link, why: string): void {
    link.pulse.close();
    link.sender?.close();
    if (this.#links.get(link.member.guid) !== link) return;
    this.#links.delete(link.member.guid);
    if (this.#links.size === 0) this.#closeFeeds();
    this.#lostAt.set(link.member.guid, this.#clock.wallMs());
    if (link.sender !== null && !this.#unsent.has(link.member.guid))
      this.#mirror.note('ASYNC_LOST', `The async member ${link.member.name} is no longer connected (${why}).`, {
        member: link.member.name,
        why,
      });
    this.#mirror.options.host.changed();
  }

  #closeFeeds(): void {
    for (const feed of this.#feeds.values()) feed.close();
    this.#feeds.clear();
  }

  /** The membership has changed: those that are no asyncs of it any more are let go. */
  tell(membership: Membership): void {
    for (const link of [...this.#links.values()]) {
      const member = memberOf(membership, link.member.guid);
      link.channel.control({ t: 'membership', membership } satisfies AsyncControl);
      if (member === undefined || !isAsync(member)) link.channel.close('no async member of the mirror any more');
    }
  }

  /** This member writes the journal no more, or in another epoch: who is primary is found out anew. */
  hangUp(why: string): void {
    for (const link of [...this.#links.values()]) link.channel.close(why);
  }

  /** What compressed journal a member can take; undefined: all, or it is not connected. */
  takes(guid: string): Takes {
    return this.#links.get(guid)?.takes;
  }

  state(guid: string): FollowerState {
    const link = this.#links.get(guid);
    return {
      connected: link !== undefined,
      beat: link?.beat ?? null,
      sent: link?.sender?.sent ?? null,
      acknowledged: link?.acknowledged ?? null,
      caughtUp: link?.caughtUp ?? false,
      lostAt: this.#lostAt.get(guid) ?? null,
    };
  }
}

/** In trouble nothing becomes durable: whoever looks for the primary looks at the other member too. */
function mayBeFollowed({ state: { role } }: Mirror): boolean {
  return role.is === 'primary' && role.trouble === null;
}

/** null: it may follow a primary of this mirror. Versions of reporting members may differ (DECISIONS, "Versions"). */
function refusalOf(member: Member | undefined, follow: Follow, { membership, version }: Mirror): { code: string; text: string } | null {
  if (member === undefined) return { code: 'NOT_FOUND', text: `The mirror ${membership.mirror} has no such member.` };
  if (!isAsync(member))
    return { code: 'REFUSED', text: `${member.name} is a failover member of the mirror ${membership.mirror}, not an async.` };
  if (member.type === 'Disaster Recovery' && follow.version !== version)
    return {
      code: 'VERSION',
      text: `Disaster recovery members must have the primary's version, ${version}; this one has ${follow.version}.`,
    };
  return null;
}
