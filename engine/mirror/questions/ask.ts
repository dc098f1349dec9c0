import type { z } from 'zod';
import { GemelError, type ErrorCode } from '../../api/errors.ts';
import type { Clock } from '../../io/clock.ts';
import type { Net } from '../../io/net.ts';
import { splitAddress, type Member } from '../membership.ts';
import type { PeerControl } from '../peer-protocol.ts';
import { untold } from '../told-error.ts';
import { Channel, kinds } from '../wire.ts';
import { parseAnswered, type Answered, type Asked, type Topic } from './protocol.ts';

/** Of an answer; a part of a large database on a busy disk takes a while. */
const ANSWER_MS = 60_000;
const CONNECT_MS = 5000;

interface Waiting {
  resolve(result: unknown): void;
  reject(error: GemelError): void;
}

/** Whom, about what, and how. */
export interface QuestionsOptions {
  readonly net: Net;
  readonly clock: Clock;
  readonly member: Member;
  readonly topic: Topic;
  /** What opens the connection. */
  readonly first: PeerControl;
  /** What to do when the member is not there, or is lost: a sentence. */
  readonly todo: string;
}

/** Questions to another member over a connection of their own. Every rejection is a GemelError. */
export class Questions {
  readonly #channel: Channel;
  readonly #options: QuestionsOptions;
  readonly #waiting = new Map<number, Waiting>();
  #next = 0;
  #closed: string | null = null;

  private constructor(channel: Channel, options: QuestionsOptions) {
    this.#channel = channel;
    this.#options = options;
    channel.onClose = (why) => this.#end(why);
    channel.onFrame = (kind, payload) => {
      if (kind === kinds.control) this.#answered(parseAnswered(payload));
      else channel.close('not an answer');
    };
  }

  /** Throws UNREACHABLE, and what the member refuses it with. */
  static async open(options: QuestionsOptions): Promise<Questions> {
    const questions = new Questions(await connected(options), options);
    try {
      await questions.#send((channel) => channel.control(options.first));
    } catch (error) {
      questions.close('refused');
      throw error;
    }
    return questions;
  }

  get closed(): boolean {
    return this.#closed !== null;
  }

  async ask<A, T>(ask: A, shape: z.ZodType<T>): Promise<T> {
    const { topic, member } = this.#options;
    const result = await this.#send((channel, id) => channel.control({ t: `${topic}-ask`, id, ask } satisfies Asked<A>));
    const parsed = shape.safeParse(result);
    if (parsed.success) return parsed.data;
    throw new GemelError('VERSION', `${member.name} answers a question (${topic}) with something else.`, 'Nothing was changed.');
  }

  close(why: string): void {
    this.#channel.close(why);
  }

  #send(send: (channel: Channel, id: number) => void): Promise<unknown> {
    return new Promise((resolve, reject) => {
      if (this.#closed !== null) return reject(this.#lost(this.#closed));
      const id = this.#next;
      this.#next += 1;
      const timer = this.#options.clock.timer(ANSWER_MS, () => this.#channel.close('no answer'));
      const settle =
        <V>(act: (value: V) => void) =>
        (value: V): void => {
          timer.cancel();
          act(value);
        };
      this.#waiting.set(id, { resolve: settle(resolve), reject: settle(reject) });
      send(this.#channel, id);
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
    const { member, todo } = this.#options;
    return new GemelError('UNREACHABLE', `The connection to ${member.name} was lost (${why}).`, 'Nothing was changed.', todo);
  }
}

async function connected({ net, clock, member, todo }: QuestionsOptions): Promise<Channel> {
  const { name, privateAddress, superserverAddress } = member;
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
  throw new GemelError('UNREACHABLE', `${name} cannot be reached: ${why}.`, 'Nothing was changed.', todo);
}
