import { newerEpoch, type HeardAround } from '../failover/index.ts';
import { isAsync, memberOf } from '../membership.ts';
import type { Mirror } from '../mirror.ts';
import { askOthers, committedEpoch, type News } from './news.ts';
import { recordedNews } from './promotion/tell.ts';
import { whichHolds } from './promotion/which-holds.ts';

/**
 * One of the other members may have been promoted while this one was away, so that this one has another role that it does not
 * know of; or this one was promoted itself, and they do not know. Whoever has the newer membership tells the other one.
 */
export class AskAround {
  readonly #mirror: Mirror;
  #round: Promise<HeardAround> | null = null;

  constructor(mirror: Mirror) {
    this.#mirror = mirror;
  }

  /** One round at a time; in a mirror without asyncs nobody can have been promoted. */
  ask(): Promise<HeardAround> {
    const { membership, options } = this.#mirror;
    if (!membership.members.some(isAsync)) return Promise.resolve({ answered: 0, silent: 0, unaware: 0, committed: null, told: null });
    this.#round ??= askOthers(
      { net: options.net, clock: options.io.clock, timeoutMs: Math.max(100, membership.qosMs / 2) },
      membership.members.filter(({ guid }) => guid !== options.record.self),
      () => this.news,
      (news, from) => {
        this.heard(news);
        const isAsyncNow = news.role === 'async' && memberOf(news.membership, from.guid)?.type !== 'Failover';
        if (isAsyncNow) this.#mirror.input({ on: 'no-partner', member: from.guid, seen: news.seen });
      },
      (member) => recordedNews(this.#mirror, member),
    ).finally(() => {
      this.#round = null;
    });
    return this.#round;
  }

  get news(): News {
    const { membership, state } = this.#mirror;
    const { role } = state;
    const seen = newerEpoch(this.#mirror.durable.seen, this.#mirror.journal.end.epoch);
    const name = role.is === 'primary' && role.trouble !== null ? 'in-trouble' : role.is;
    return { membership, committed: committedEpoch(role), role: name, seen };
  }

  heard(theirs: News): void {
    const mirror = this.#mirror;
    const what = whichHolds(this.news, theirs);
    if (what === 'adopt' && theirs.membership.members.some(({ guid }) => guid === mirror.options.record.self))
      mirror.changes.adopt(theirs.membership);
    // What an agent reads in the record of a member that is down outvotes nobody: that member speaks for itself when it is back.
    if (what !== 'outvote' || theirs.role === 'down' || mirror.state.role.is !== 'primary') return;
    const version = theirs.membership.version;
    // Refused in trouble, or while another change is under way: they will tell again.
    mirror.requests.changeMembership((m) => ({ ...m, version: Math.max(m.version, version) })).catch(() => undefined);
  }
}
