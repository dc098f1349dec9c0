import type { ConditionCode, Facts } from '../../api/conditions.ts';
import { GemelError } from '../../api/errors.ts';
import type { Clock } from '../../io/index.ts';
import { comparePositions } from '../../journal/index.ts';
import { isMoved } from '../editing/addresses.ts';
import { epochText, type Epoch } from '../failover/index.ts';
import { bringsJournal, journalOf } from '../journal-frame.ts';
import type { MemberJournal } from '../member-journal.ts';
import { memberOf, type Membership } from '../membership.ts';
import { kinds, positionFrame, type Channel, type Kind } from '../wire.ts';
import type { Alignment } from './alignment.ts';
import type { AsyncHost } from './async-host.ts';
import type { Dejournaler } from './dejournaler.ts';
import { parseAsyncControl, type AsyncControl, type PrimaryBeat } from './protocol.ts';
import { Pulse } from './pulse.ts';

/** A connection to the primary that carries journal. */
interface Link {
  readonly channel: Channel;
  readonly primary: string;
  readonly epoch: Epoch;
  readonly pulse: Pulse;
  beat: PrimaryBeat | null;
  /** Had everything once since it connected. */
  caughtUp: boolean;
  /** More of the journal has come over it. */
  hasBrought: boolean;
  /** Monotonic ms since when the primary says that it is in trouble; null: it is not. */
  troubleSince: number | null;
  /** The primary cannot send what is lacking here. */
  isRefused: boolean;
  /** Given up here, to be made anew by another address. */
  isMoved: boolean;
}

export interface FollowingOptions {
  readonly clock: Clock;
  readonly host: AsyncHost;
  readonly journal: MemberJournal;
  readonly dejournaler: Dejournaler;
  readonly alignment: Alignment;
  readonly membership: () => Membership;
  readonly note: (code: ConditionCode, text: string, facts: Facts) => void;
  /** What else the primary says. @returns false: nothing that a primary says */
  readonly told: (message: AsyncControl) => boolean;
  /** Who is asked next for the primary; null: nobody in particular. */
  readonly believe: (primary: string | null) => void;
  /** The connection is lost; the next one is to be made, not at once if `isPaced`. */
  readonly lost: (isPaced: boolean) => void;
  /** Whether this member has ended. */
  readonly isOver: () => boolean;
  /** Whether mirroring was stopped, so that no connection is no news. */
  readonly isQuiet: () => boolean;
}

/** Follows the primary over one connection after the other: takes its journal, acknowledges, and tells how far this member is. */
export class Following {
  readonly #options: FollowingOptions;
  /** ms since the epoch: when the primary was lost; null: connected, or never seen. */
  lostAt: number | null = null;
  /** Incoming journal, for the figures. */
  received = { networkBytes: 0, journalBytes: 0 };
  /** When the newest block received was written, ms since the epoch; null: none was since the start. */
  receivedTimeMs: number | null = null;
  #link: Link | null = null;
  /** The connection before this one ended because the primary cannot send what is lacking here. */
  #wasRefused = false;

  constructor(options: FollowingOptions) {
    this.#options = options;
  }

  /** null: not connected. */
  get primary(): { readonly guid: string; readonly epoch: Epoch; readonly beat: PrimaryBeat | null; readonly caughtUp: boolean } | null {
    const link = this.#link;
    return link === null ? null : { guid: link.primary, epoch: link.epoch, beat: link.beat, caughtUp: link.caughtUp };
  }

  /** Everything the primary has told to be durable is here. */
  get hasAll(): boolean {
    const { journal, dejournaler } = this.#options;
    return comparePositions(journal.reach.end.position, dejournaler.known) >= 0;
  }

  /** @returns false: there is no connection */
  say(message: AsyncControl): boolean {
    this.#link?.channel.control(message);
    return this.#link !== null;
  }

  end(why: string): void {
    this.#link?.channel.close(why);
  }

  /** The primary may be reached elsewhere from now on. */
  redialIfMoved(before: Membership): void {
    const link = this.#link;
    if (link === null || !isMoved(memberOf(before, link.primary), memberOf(this.#options.membership(), link.primary))) return;
    link.isMoved = true;
    link.channel.close('the addresses of the primary were changed');
  }

  begin(channel: Channel, { primary, epoch }: Extract<AsyncControl, { t: 'follow-answer' }>): void {
    const { clock, membership, journal, dejournaler, note, host, believe } = this.#options;
    const pulse = new Pulse({ channel, clock, qosMs: () => membership().qosMs, beat: () => this.#beat(channel) });
    const link: Link = {
      channel,
      primary,
      epoch,
      pulse,
      beat: null,
      caughtUp: false,
      hasBrought: false,
      troubleSince: null,
      isRefused: false,
      isMoved: false,
    };
    this.#link = link;
    believe(primary);
    channel.onClose = (why) => this.#lost(link, why);
    channel.onFrame = (kind, payload) => this.#frame(link, kind, payload);
    journal.receive();
    if (!this.#wasRefused)
      note('ASYNC_FOLLOWS', `This member is connected to the primary ${this.#name(primary)} and receives the journal.`, {
        primary: this.#name(primary),
        epoch: epochText(epoch),
      });
    dejournaler.connected();
    channel.control({ t: 'ready', from: journal.reach.end.position } satisfies AsyncControl);
    this.#beat(channel);
    host.changed();
  }

  #name(guid: string): string {
    return memberOf(this.#options.membership(), guid)?.name ?? guid;
  }

  #beat(channel: Channel): void {
    const { host, journal, dejournaler } = this.#options;
    channel.control({
      t: 'async-beat',
      received: journal.reach.end.position,
      receivedTimeMs: this.receivedTimeMs,
      dejournaled: host.dejournaled(),
      halted: dejournaler.halt,
      attention: host.cannotTakeOver() !== null,
    } satisfies AsyncControl);
  }

  #frame(link: Link, kind: Kind, payload: Buffer): void {
    if (kind === kinds.control) return this.#control(link, parseAsyncControl(payload));
    if (!bringsJournal(kind)) return link.channel.close('a frame that is not the primary’s');
    const { durable, content } = journalOf(kind, payload);
    const { journal, alignment, dejournaler } = this.#options;
    const { receiver } = journal;
    if (receiver === null) return link.channel.close('this member does not receive now');
    try {
      const end = receiver.append(content);
      link.hasBrought = true;
      this.receivedTimeMs = receiver.newestBlockMs ?? this.receivedTimeMs;
      this.received.networkBytes += payload.length;
      this.received.journalBytes += content.length;
      alignment.taken();
      link.channel.send(positionFrame(kinds.ack, end.position));
    } catch (error) {
      if (!(error instanceof GemelError)) throw error;
      return link.channel.close(error.message);
    }
    dejournaler.learn(durable);
    this.#mayBeCaughtUp(link);
  }

  #control(link: Link, message: AsyncControl): void {
    if (message.t === 'refused') link.isRefused = true;
    if (message.t === 'primary-beat') return this.#heed(link, message);
    if (!this.#options.told(message)) link.channel.close('a message that is not the primary’s');
  }

  #heed(link: Link, beat: PrimaryBeat): void {
    link.beat = beat;
    this.#options.dejournaler.learn(beat.durable);
    this.#mayBeCaughtUp(link);
    this.#heedTrouble(link, beat);
    this.#options.host.changed();
  }

  /** A primary that stays in trouble may have been followed by the other member, which it cannot know: that one is asked. */
  #heedTrouble(link: Link, { failover }: PrimaryBeat): void {
    const { clock, membership, believe } = this.#options;
    const name = this.#name(link.primary);
    const inTrouble = failover.some((each) => each.name === name && each.status === 'In Trouble');
    const now = clock.monotonicMs();
    link.troubleSince = inTrouble ? (link.troubleSince ?? now) : null;
    const { qosMs, members } = membership();
    if (link.troubleSince === null || now - link.troubleSince < 2 * qosMs) return;
    believe(members.find((m) => m.type === 'Failover' && m.guid !== link.primary)?.guid ?? null);
    link.channel.close('it has been in trouble for twice the QoS timeout');
  }

  #mayBeCaughtUp(link: Link): void {
    if (link.caughtUp || link.beat === null || !this.hasAll) return;
    link.caughtUp = true;
    const { alignment, note, host } = this.#options;
    alignment.taken();
    const primary = this.#name(link.primary);
    note('ASYNC_CAUGHT_UP', `This member has all journal of the primary ${primary}.`, { primary });
    host.changed();
  }

  #lost(link: Link, why: string): void {
    link.pulse.close();
    if (this.#link !== link) return;
    const { clock, journal, note, host, lost, isOver, isQuiet } = this.#options;
    this.#link = null;
    this.lostAt = clock.wallMs();
    this.#wasRefused = link.isRefused;
    if (isOver()) return;
    journal.receiver?.hurry();
    const primary = this.#name(link.primary);
    if (!isQuiet() && !link.isRefused && !link.isMoved)
      note('ASYNC_ALONE', `The connection to the primary ${primary} was lost (${why}).`, { primary, why });
    host.changed();
    // What ended it, such as a full disk here or one that cannot be read there, would end the next one at once.
    lost(!link.hasBrought && !link.caughtUp && !link.isMoved);
  }
}
