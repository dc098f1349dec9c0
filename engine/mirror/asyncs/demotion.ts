import { GemelError } from '../../api/errors.ts';
import type { Mirror } from '../mirror.ts';
import type { PeerLink } from '../peer-link.ts';
import { noPrimary } from '../requests.ts';
import { told } from '../told-error.ts';
import { Wish } from './wish.ts';

/** The backup becomes an async at its own wish: it asks, the primary changes the membership. */
export class Demotion {
  readonly #mirror: Mirror;
  #asking: Wish | null = null;

  constructor(mirror: Mirror) {
    this.#mirror = mirror;
  }

  /** On the primary. */
  async asked(link: PeerLink): Promise<void> {
    try {
      await this.#mirror.requests.demotePartner();
    } catch (error) {
      if (!(error instanceof GemelError)) throw error;
      link.send({ t: 'demote-refused', error: told(error) });
    }
  }

  /** On the backup: rejects when the primary refuses; resolves with the change, which ends this member as it is. */
  ask(): Promise<void> {
    const { peers, state, options } = this.#mirror;
    const { link } = peers;
    if (link === null || state.role.is !== 'backup') return Promise.reject(noPrimary());
    this.#asking = new Wish(options.io.clock);
    link.send({ t: 'ask-demote' });
    return this.#asking.answer;
  }

  refused(error: GemelError): void {
    this.#asking?.refused(error);
  }

  /** The connection to the primary is lost: its answer will not come. */
  lost(): void {
    this.#asking?.lost();
  }

  /** This member is an async from now on. */
  done(): void {
    this.#asking?.done();
  }
}
