import type { z } from 'zod';
import type { Leaf, NodePage } from '../../database/index.ts';
import type { Key } from '../../globals/index.ts';
import { assert } from '../../io/assert.ts';
import type { Clock } from '../../io/clock.ts';
import type { Net } from '../../io/net.ts';
import type { Position } from '../failover/index.ts';
import type { Member, Membership } from '../membership.ts';
import { Questions } from '../questions/index.ts';
import { results, type CompareAsk } from './protocol.ts';
import type { Side } from './side.ts';

/** The copy of a database on another member. */
export class RemoteSide implements Side {
  readonly #questions: Questions;

  private constructor(questions: Questions) {
    this.#questions = questions;
  }

  /** Throws UNREACHABLE, and what the member refuses it with. */
  static async open(
    { net, clock }: { readonly net: Net; readonly clock: Clock },
    membership: Membership,
    self: string,
    member: Member,
    database: string,
  ): Promise<RemoteSide> {
    const first = { t: 'compare', mirror: membership.guid, asker: self, database } as const;
    return new RemoteSide(await Questions.open({ net, clock, member, topic: 'compare', first, todo: 'Compare again when it is there.' }));
  }

  hold(): Promise<Position> {
    return this.#ask({ what: 'hold' }, results.hold);
  }

  pin(at: Position, keep: boolean): Promise<Position> {
    assert(!keep, 'only the own copy is kept where it is');
    return this.#ask({ what: 'pin', at }, results.pin);
  }

  leaves(from: Key, nodes: number, count: number): Promise<readonly Leaf[]> {
    return this.#ask({ what: 'leaves', from, nodes, count }, results.leaves);
  }

  digests(from: Key, ends: readonly (Key | null)[]): Promise<readonly Leaf[]> {
    return this.#ask({ what: 'digests', from, ends: [...ends] }, results.digests);
  }

  nodes(from: Key, to: Key | null): Promise<NodePage> {
    return this.#ask({ what: 'nodes', from, to }, results.nodes);
  }

  correct(): Promise<void> {
    assert(false, 'only the own copy is changed');
  }

  async release(): Promise<void> {
    await this.#ask({ what: 'release' }, results.release);
  }

  async close(): Promise<void> {
    this.#questions.close('compared');
    return Promise.resolve();
  }

  #ask<T>(ask: CompareAsk, shape: z.ZodType<T>): Promise<T> {
    return this.#questions.ask(ask, shape);
  }
}
