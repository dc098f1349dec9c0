import type { SeedNews } from '../../api/seeding.ts';
import type { Clock } from '../../io/clock.ts';
import type { Net } from '../../io/net.ts';
import type { Member, Membership } from '../membership.ts';
import { Questions } from '../questions/index.ts';
import { results, type SeedAbout, type SeedPrepared } from './protocol.ts';
import type { SeedSource } from './source.ts';

/** The copy of a database on another member, to make one from it. */
export class RemoteSource implements SeedSource {
  /** Of the member. */
  readonly member: string;
  readonly #questions: Questions;

  private constructor(questions: Questions, member: string) {
    this.#questions = questions;
    this.member = member;
  }

  /** Throws UNREACHABLE, and what the member refuses it with. */
  static async open(
    { net, clock }: { readonly net: Net; readonly clock: Clock },
    membership: Membership,
    self: string,
    member: Member,
    database: string,
  ): Promise<RemoteSource> {
    const first = { t: 'seed', mirror: membership.guid, asker: self, database } as const;
    const todo = 'It goes on when the member is there again.';
    return new RemoteSource(await Questions.open({ net, clock, member, topic: 'seed', first, todo }), member.name);
  }

  get closed(): boolean {
    return this.#questions.closed;
  }

  about(): Promise<SeedAbout> {
    return this.#questions.ask({ what: 'about' }, results.about);
  }

  prepare(): Promise<SeedPrepared> {
    return this.#questions.ask({ what: 'prepare' }, results.prepare);
  }

  piece(id: string, offset: number): Promise<Uint8Array> {
    return this.#questions.ask({ what: 'piece', id, offset }, results.piece);
  }

  async tell(news: SeedNews): Promise<void> {
    await this.#questions.ask({ what: 'tell', news }, results.tell);
  }

  close(): void {
    this.#questions.close('seeded');
  }
}
