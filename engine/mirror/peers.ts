import { GemelError } from '../api/errors.ts';
import { compressionsTaken } from '../io/compression.ts';
import type { Connection } from '../io/net.ts';
import { comparePositions } from '../journal/index.ts';
import { AskAround } from './asyncs/ask-around.ts';
import { newsMessage } from './asyncs/news.ts';
import { Demotion } from './asyncs/demotion.ts';
import { grantWish } from './editing/wishes.ts';
import type { Hello, HelloAnswer, PeerMessage, Position } from './failover/index.ts';
import { failoverMembers, isAsync, splitAddress, type Membership } from './membership.ts';
import type { Mirror } from './mirror.ts';
import { serveCompare } from './compare/index.ts';
import { serveSeed } from './seeding/index.ts';
import { compressionFor, noteNotTaken, type Takes } from './compression.ts';
import { journalOf } from './journal-frame.ts';
import { JournalOutlet } from './journal-outlet.ts';
import { PeerLink } from './peer-link.ts';
import { parsePeerControl, type PeerControl } from './peer-protocol.ts';
import { Sender } from './sender.ts';
import { untold } from './told-error.ts';
import { answerAndClose, Channel, kinds, positionFrame, readPosition, type Kind } from './wire.ts';

/** The connection to the other failover member: dialling, hello, and what flows over it. At most one counts at a time. */
export class PeerConnections {
  readonly #mirror: Mirror;
  link: PeerLink | null = null;
  /** A connection whose hello is being decided on. */
  #asking: { channel: Channel; hello: Hello; takes: Takes } | null = null;
  #dialling: Channel | null = null;
  readonly around: AskAround;
  readonly demotion: Demotion;
  readonly #unknown = new Set<Channel>();
  #lastBeatAt = 0;
  #lastEchoedAt = Number.NEGATIVE_INFINITY;
  /** Incoming journal, for the figures. */
  received = { networkBytes: 0, journalBytes: 0 };
  #knownDurable: Position = { file: 0, offset: 0 };

  constructor(mirror: Mirror) {
    this.#mirror = mirror;
    this.around = new AskAround(mirror);
    this.demotion = new Demotion(mirror);
  }

  get #clock() {
    return this.#mirror.options.io.clock;
  }

  /** When the newest message was sent that the partner has echoed. */
  get lastEchoedAt(): number {
    return Math.max(this.#lastEchoedAt, this.link?.echoedAt ?? Number.NEGATIVE_INFINITY);
  }

  /** Monotonic ms at which the newest heartbeat of the partner came in; 0: none has. */
  get lastBeatAt(): number {
    return Math.max(this.#lastBeatAt, this.link?.beatHeardAt ?? 0);
  }

  /** The newest position known to be durable in the mirror. */
  get knownDurable(): Position {
    return this.#knownDurable;
  }

  // ------------------------------------------------------------ incoming

  accept(connection: Connection): void {
    const channel = new Channel(connection, false, () => this.#clock.monotonicMs());
    this.#unknown.add(channel);
    this.#reportMalformed(channel);
    const timer = this.#clock.timer(this.#mirror.membership.qosMs, () => channel.close('no hello'));
    channel.onClose = () => {
      timer.cancel();
      this.#unknown.delete(channel);
    };
    channel.onFrame = (kind, payload) => {
      timer.cancel();
      this.#firstFrame(channel, kind, payload);
    };
  }

  #firstFrame(channel: Channel, kind: Kind, payload: Buffer): void {
    const message = kind === kinds.control ? parsePeerControl(payload) : null;
    const { membership, version } = this.#mirror;
    const refuse = (text: string, told?: Membership): void =>
      answerAndClose(channel, { t: 'refused', code: 'REFUSED', text, ...(told === undefined ? {} : { membership: told }) });
    if (message === null || !isFirst(message)) return channel.close('no hello');
    if (message.mirror !== membership.guid) return refuse(`This instance is not a member of that mirror.`);
    if (message.t === 'ask-journal') return this.#tellJournal(channel);
    if (message.t === 'compare' || message.t === 'seed') {
      this.#unknown.delete(channel);
      const { asker, database, t } = message;
      if (t === 'seed') return serveSeed({ channel, membership, asker, source: () => this.#mirror.options.host.seeded(database, asker) });
      return serveCompare({ channel, membership, asker, side: () => this.#mirror.options.host.compared(database) });
    }
    if (message.t === 'news') {
      this.around.heard(message);
      return answerAndClose(channel, newsMessage(this.around.news, 'news-answer'));
    }
    if (message.t === 'follow') {
      this.#unknown.delete(channel);
      return this.#mirror.followers.accept(channel, message);
    }
    if (!failoverMembers(membership).some((each) => each.guid === message.hello.member))
      return refuse(`The member is not a failover member of the mirror ${membership.mirror}.`, membership);
    if (message.version !== version) return refuse(`Failover members must have the same version; this one has ${version}.`);
    this.#asking = { channel, hello: message.hello, takes: message.takes };
    this.#mirror.input({ on: 'hello', hello: message.hello });
    this.#mirror.hear(message.hello.role);
    this.#asking = null;
  }

  #tellJournal(channel: Channel): void {
    const { state, journal, membership } = this.#mirror;
    const primary = state.role.is === 'primary' && state.role.trouble === null && journal.writer !== null;
    channel.control({ t: 'journal-answer', primary, first: journal.journal.files.first?.number ?? 1, membership } satisfies PeerControl);
    channel.connection.onDrain = () => channel.close('answered');
    if (channel.connection.pending === 0) channel.close('answered');
  }

  /** Carries out the decision about the hello at hand. */
  answerHello(answer: HelloAnswer): void {
    const asking = this.#asking;
    if (asking === null) return;
    this.#asking = null;
    const { channel, hello, takes } = asking;
    const token = this.#mirror.options.io.random.guid();
    channel.control({
      t: 'hello-answer',
      answer,
      reach: this.#mirror.journal.reach,
      membership: this.#mirror.membership,
      token,
    } satisfies PeerControl);
    this.#unknown.delete(channel);
    const stays = answer.is === 'primary' && hello.role !== 'in-trouble' && hello.role !== 'primary';
    if (stays) Object.assign(this.#establish(channel, hello.member), { awaits: token, takes });
    else channel.onFrame = () => undefined;
  }

  #reportMalformed(channel: Channel): void {
    channel.onMalformed = (why) =>
      this.#mirror.note('PEER_MALFORMED', `${channel.connection.remote} sent something that is no message; the connection was closed.`, {
        from: channel.connection.remote,
        why,
      });
  }

  // ------------------------------------------------------------ outgoing

  dial(hello: Hello, question: number): void {
    const partner = this.#mirror.partner;
    if (partner === null) return;
    this.#dialling?.close('dialling anew');
    void this.#dialTo(splitAddress(partner.privateAddress), partner.guid, hello, question);
  }

  async #dialTo(address: { host: string; port: number }, member: string, hello: Hello, question: number): Promise<void> {
    const mirror = this.#mirror;
    const timeoutMs = Math.max(100, mirror.membership.qosMs / 2);
    let channel: Channel;
    try {
      channel = new Channel(await mirror.options.net.connect(address.host, address.port, timeoutMs), true, () => this.#clock.monotonicMs());
    } catch {
      void this.around.ask();
      return mirror.input({ on: 'dial-failed', question });
    }
    this.#dialling = channel;
    this.#reportMalformed(channel);
    let answered = false;
    const fail = (): void => {
      if (answered) return;
      answered = true;
      timer.cancel();
      if (this.#dialling === channel) this.#dialling = null;
      channel.close('no answer');
      void this.around.ask();
      mirror.input({ on: 'dial-failed', question });
    };
    const timer = this.#clock.timer(timeoutMs, fail);
    channel.onClose = fail;
    channel.onFrame = (kind, payload) => {
      if (answered) return;
      const message = kind === kinds.control ? parsePeerControl(payload) : null;
      if (message?.t === 'refused' && message.membership !== undefined) mirror.changes.learn(message.membership);
      if (message?.t === 'refused')
        mirror.note('PEER_REFUSED', `The other failover member refused the connection. ${message.text}`, { code: message.code });
      if (message?.t !== 'hello-answer') return fail();
      answered = true;
      timer.cancel();
      this.#dialling = null;
      void this.#answered(channel, member, message, question);
    };
    this.#sayHello(channel, hello);
  }

  #sayHello(channel: Channel, hello: Hello): void {
    const { membership, version, journal } = this.#mirror;
    channel.control({
      t: 'hello',
      mirror: membership.guid,
      version,
      hello,
      reach: journal.reach,
      takes: compressionsTaken(),
    } satisfies PeerControl);
  }

  async #answered(channel: Channel, member: string, message: Extract<PeerControl, { t: 'hello-answer' }>, question: number): Promise<void> {
    const mirror = this.#mirror;
    const role = mirror.state.role.is;
    const { answer } = message;
    mirror.hear(answer.is === 'not-primary' ? answer.role : answer.is === 'primary' ? 'primary' : 'waiting');
    if (answer.is !== 'primary') mirror.changes.learn(message.membership);
    if (answer.is !== 'primary' || role === 'primary' || role === 'taking' || role === 'down' || role === 'yielded') {
      channel.onClose = () => undefined;
      channel.close('answered');
      return mirror.input({ on: 'hello-answer', answer, question });
    }
    // Until this member's journal is a beginning of the primary's nothing but heartbeats comes, and they are not needed.
    try {
      mirror.changes.adopt(message.membership);
      await mirror.journal.alignWith(message.reach);
      mirror.inconsistency.mended();
    } catch (error) {
      if (!(error instanceof GemelError)) throw error;
      channel.close('cannot follow');
      mirror.inconsistency.failed(error);
      return mirror.input({ on: 'dial-failed', question });
    }
    if (channel.closed) return mirror.input({ on: 'dial-failed', question });
    mirror.input({ on: 'hello-answer', answer: message.answer, question });
    if (mirror.state.role.is !== 'backup') return channel.close('no longer wanted');
    channel.control({ t: 'proof', token: message.token } satisfies PeerControl);
    this.#establish(channel, member);
    const { membership, self } = mirror;
    noteNotTaken('failover', { membership, self, note: (...said) => mirror.note(...said) });
    mirror.journal.receive();
    // The primary says it anew: what this journal holds may have waited for an acknowledgement that is still to come.
    this.#knownDurable = { file: 0, offset: 0 };
    // The heartbeat first: it tells a primary in trouble that this member follows it.
    this.link?.beat();
    this.link?.send({ t: 'ready', from: mirror.journal.reach.end.position });
  }

  // ------------------------------------------------------------ established

  #establish(channel: Channel, member: string): PeerLink {
    this.#lastBeatAt = this.lastBeatAt;
    this.link?.close('replaced');
    const mirror = this.#mirror;
    const link = new PeerLink({
      channel,
      member,
      clock: this.#clock,
      qosMs: () => mirror.membership.qosMs,
      facts: () => ({
        arbiter: mirror.state.arbiter.connected,
        canTakeOver: (mirror.options.host.cannotTakeOver() ?? mirror.journal.unsound) === null,
        dejournaled: mirror.options.host.dejournaled(),
        received: mirror.journal.reach.end.position,
        ...(mirror.state.role.is === 'primary' && mirror.membership.members.some(isAsync) ? { asyncs: mirror.asyncViews() } : {}),
      }),
      lost: (why) => this.#lost(link, why),
    });
    this.link = link;
    mirror.partnerLostAt = null;
    channel.onFrame = (kind, payload) => {
      if (link.awaits === null) this.#frame(link, kind, payload);
      else this.#proof(link, kind, payload);
    };
    return link;
  }

  /** Without it nothing that comes over the connection counts: it could be the words of an earlier one. */
  #proof(link: PeerLink, kind: Kind, payload: Buffer): void {
    const message = kind === kinds.control ? parsePeerControl(payload) : null;
    if (message?.t === 'proof' && message.token === link.awaits) link.awaits = null;
    else link.channel.close('no proof that it had the answer');
  }

  #lost(link: PeerLink, why: string): void {
    if (this.link !== link) return;
    this.#forget();
    this.#mirror.input({ on: 'peer-lost', why });
  }

  hangUp(why: string): void {
    const link = this.link;
    if (link === null) return;
    this.#forget();
    link.close(why);
  }

  /** The other side connects anew, by an address that it has just been told. */
  letGo(why: string): void {
    const link = this.link;
    if (link === null) return;
    this.#forget();
    link.leave(why);
    this.#mirror.input({ on: 'peer-lost', why });
  }

  #forget(): void {
    this.#lastBeatAt = this.lastBeatAt;
    this.#lastEchoedAt = this.lastEchoedAt;
    this.link = null;
    this.demotion.lost();
    this.#mirror.changes.wishes.lost();
    this.#mirror.partnerLostAt = this.#clock.wallMs();
    // What the partner said when it connected is no longer so.
    this.#mirror.hear(null);
    this.#hurry();
  }

  /** A backup without its primary may have to take over: what it has received is synced at once. */
  #hurry(): void {
    const { receiver } = this.#mirror.journal;
    if (receiver === null || receiver.error !== null) return;
    receiver.hurry();
    this.applyDurable();
  }

  close(): void {
    this.hangUp('closing');
    this.#dialling?.close('closing');
    for (const channel of this.#unknown) channel.close('closing');
  }

  tell(message: PeerMessage): void {
    this.link?.send({ t: 'peer', message });
  }

  #frame(link: PeerLink, kind: Kind, payload: Buffer): void {
    if (this.link !== link) return;
    switch (kind) {
      case kinds.block:
      case kinds.compressed:
        return this.#journal(link, kind, payload);
      case kinds.ack:
        return this.#acknowledged(link, readPosition(payload));
      case kinds.durable:
        return this.#durable(readPosition(payload));
      case kinds.control:
        return this.#control(link, parsePeerControl(payload));
    }
  }

  #control(link: PeerLink, message: PeerControl): void {
    const mirror = this.#mirror;
    switch (message.t) {
      case 'beat':
        link.received(message);
        return mirror.input({ on: 'peer', message: { m: 'beat', arbiter: message.arbiter, canTakeOver: message.canTakeOver } });
      case 'peer':
        return mirror.input({ on: 'peer', message: message.message });
      case 'membership':
        return mirror.changes.adopt(message.membership);
      case 'ready':
        return this.#startSending(link, message.from);
      case 'ask-demote':
        return void this.demotion.asked(link);
      case 'ask-edit':
        return void grantWish(mirror, link.member, message.wish, (error) => link.send({ t: 'edit-answer', id: message.id, error }));
      case 'edit-answer':
        return mirror.changes.wishes.answered(message.id, message.error);
      case 'demote-refused':
        return this.demotion.refused(untold(message.error));
      default:
        return;
    }
  }

  #startSending(link: PeerLink, from: Position): void {
    const { writer, journal } = this.#mirror.journal;
    if (writer === null || link.sender !== null) return;
    const first = journal.files.first?.number ?? 0;
    if (from.file !== 0 && comparePositions(from, { file: first, offset: 0 }) < 0) {
      return link.channel.close(`it needs journal file ${from.file}, which is no longer here`);
    }
    link.sender = new Sender({
      channel: link.channel,
      outlet: new JournalOutlet({
        channel: link.channel,
        compressor: this.#mirror.options.io.compressor,
        type: compressionFor('failover', this.#mirror, link.member, link.takes),
      }),
      writer,
      journal,
      clock: this.#clock,
      from: from.file === 0 ? { file: first, offset: 0 } : from,
      caughtUp: () => this.#mirror.input({ on: 'caught-up' }),
    });
    link.beat();
  }

  #acknowledged(link: PeerLink, position: Position): void {
    link.sender?.acknowledge(position);
    this.#mirror.journal.writer?.remoteAcknowledged(position);
  }

  /** The backup's side: into the file, acknowledge, apply what is durable. */
  #journal(link: PeerLink, kind: Kind, payload: Buffer): void {
    const { receiver } = this.#mirror.journal;
    if (receiver === null) return;
    const { durable, content } = journalOf(kind, payload);
    this.received.networkBytes += payload.length;
    this.received.journalBytes += content.length;
    try {
      const end = receiver.append(content);
      link.channel.send(positionFrame(kinds.ack, end.position));
    } catch (error) {
      if (!(error instanceof GemelError)) throw error;
      this.#mirror.note('JOURNAL_REFUSED', `Journal data from the primary was refused. ${error.message}`, { code: error.code });
      link.channel.close('journal data refused');
      return;
    }
    this.#durable(durable);
  }

  #durable(durable: Position): void {
    if (comparePositions(durable, this.#knownDurable) > 0) this.#knownDurable = durable;
    this.applyDurable();
  }

  /** Dejournals what is durable in the mirror and synced here. */
  applyDurable(): void {
    const { receiver } = this.#mirror.journal;
    if (receiver === null) return;
    const to = comparePositions(this.#knownDurable, receiver.synced) < 0 ? this.#knownDurable : receiver.synced;
    if (to.file === 0) return;
    this.#mirror.options.host.applyTo(to);
  }
}

/** What a connection may begin with. */
function isFirst(
  message: PeerControl,
): message is Extract<PeerControl, { t: 'hello' | 'follow' | 'news' | 'ask-journal' | 'compare' | 'seed' }> {
  return ['hello', 'follow', 'news', 'ask-journal', 'compare', 'seed'].includes(message.t);
}
