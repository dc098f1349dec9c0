import type { z } from 'zod';
import { GemelError, type ErrorCode } from '../../api/errors.ts';
import type { Leaf, NodePage } from '../../database/index.ts';
import type { Key } from '../../globals/index.ts';
import { assert } from '../../io/assert.ts';
import type { Clock } from '../../io/clock.ts';
import type { Net } from '../../io/net.ts';
import type { Position } from '../failover/index.ts';
import { splitAddress, type Member, type Membership } from '../membership.ts';
import type { PeerControl } from '../peer-protocol.ts';
import { untold } from '../told-error.ts';
import { Channel, kinds } from '../wire.ts';
import { parseAnswered, results, type Answered, type Asked, type CompareAsk } from './protocol.ts';
import type { Side } from './side.ts';

/** Of an answer; a part of a large database on a busy disk takes a while. */
const ANSWER_MS = 60_000;
const CONNECT_MS = 5000;

interface Waiting {
  resolve(result: unknown): void;
  reject(error: GemelError): void;
}

/** The copy of a database on another member. */
export class RemoteSide implements Side {
  readonly #channel: Channel;
  readonly #clock: Clock;
  readonly #name: string;
  readonly #waiting = new Map<number, Waiting>();
  #next = 0;
  #closed: string | null = null;

  private constructor(channel: Channel, clock: Clock, name: string) {
    this.#channel = channel;
    this.#clock = clock;
    this.#name = name;
    channel.onClose = (why) => this.#end(why);
    channel.onFrame = (kind, payload) => {
      if (kind === kinds.control) this.#answered(parseAnswered(payload));
      else channel.close('not an answer of a comparison');
    };
  }

  /** Throws UNREACHABLE, and what the member refuses it with. */
  static async open(
    { net, clock }: { readonly net: Net; readonly clock: Clock },
    membership: Membership,
    self: string,
    member: Member,
    database: string,
  ): Promise<RemoteSide> {
    const side = new RemoteSide(await connected(net, clock, member), clock, member.name);
    try {
      await side.#send(({ control }) => control({ t: 'compare', mirror: membership.guid, asker: self, database } satisfies PeerControl));
    } catch (error) {
      await side.close();
      throw error;
    }
    return side;
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
    this.#channel.close('compared');
    return Promise.resolve();
  }

  async #ask<T>(ask: CompareAsk, shape: z.ZodType<T>): Promise<T> {
    const result = await this.#send((channel, id) => channel.control({ t: 'compare-ask', id, ask } satisfies Asked));
    const parsed = shape.safeParse(result);
    if (parsed.success) return parsed.data;
    throw new GemelError('VERSION', `${this.#name} answers a comparison with something else.`, 'Nothing was changed.');
  }

  #send(send: (channel: { control(message: unknown): void }, id: number) => void): Promise<unknown> {
    return new Promise((resolve, reject) => {
      if (this.#closed !== null) return reject(this.#lost(this.#closed));
      const id = this.#next;
      this.#next += 1;
      const timer = this.#clock.timer(ANSWER_MS, () => this.#channel.close('no answer'));
      const settle =
        <A>(act: (value: A) => void) =>
        (value: A): void => {
          timer.cancel();
          act(value);
        };
      this.#waiting.set(id, { resolve: settle(resolve), reject: settle(reject) });
      send({ control: (message) => void this.#channel.control(message) }, id);
    });
  }

  #answered({ id, result, error }: Answered): void {
    const waiting = this.#waiting.get(id);
    this.#waiting.delete(id);
    if (error === null) waiting?.resolve(result);
    else waiting?.reject(untold(error, error.code as ErrorCode));
  }

  #end(why: string): void {
    this.#closed = why;
    for (const { reject } of this.#waiting.values()) reject(this.#lost(why));
    this.#waiting.clear();
  }

  #lost(why: string): GemelError {
    return new GemelError('UNREACHABLE', `The connection to ${this.#name} was lost (${why}).`, 'Nothing was changed.', 'Compare again.');
  }
}

async function connected(net: Net, clock: Clock, { name, privateAddress, superserverAddress }: Member): Promise<Channel> {
  let last: unknown;
  for (const address of new Set([privateAddress, superserverAddress])) {
    const { host, port } = splitAddress(address);
    try {
      return new Channel(await net.connect(host, port, CONNECT_MS), true, () => clock.monotonicMs());
    } catch (error) {
      last = error;
    }
  }
  const why = last instanceof Error ? last.message : String(last);
  throw new GemelError('UNREACHABLE', `${name} cannot be reached: ${why}.`, 'Nothing was changed.', 'Compare again when it is there.');
}
