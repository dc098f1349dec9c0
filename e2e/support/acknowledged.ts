import { RespClient, RespError } from '../../engine/cli/resp-client.ts';
import type { Pair, TestMember } from './pair.ts';
import { until } from './until.ts';

const CLIENTS = 4;
const PIPELINE = 16;

/** Clients that write nodes of their own, in order, and remember what was acknowledged. */
export class Acknowledged {
  /** Highest number acknowledged, by client. */
  readonly #last: number[] = Array.from({ length: CLIENTS }, () => -1);
  #running: Promise<void>[] = [];
  #clients: RespClient[] = [];
  #wanted = { count: 0, reached: (): void => undefined };

  get count(): number {
    return this.#last.reduce((sum, last) => sum + last + 1, 0);
  }

  /** Has written so many nodes to this member, and goes on. */
  static async by(member: TestMember, count: number): Promise<Acknowledged> {
    const written = new Acknowledged();
    await written.start(member);
    await written.more(count);
    return written;
  }

  /** Writes to this member until the connection is lost or `stop`. */
  async start(member: TestMember): Promise<void> {
    this.#clients = await Promise.all(this.#last.map(() => RespClient.connect('127.0.0.1', member.port)));
    this.#running = this.#clients.map((client, n) => this.#write(client, n));
  }

  /** Resolves when that many more are acknowledged. */
  async more(count: number): Promise<void> {
    const reached = Promise.withResolvers<void>();
    this.#wanted = { count: this.count + count, reached: reached.resolve };
    await reached.promise;
  }

  /** Resolves when every client has lost its connection. */
  async cut(): Promise<void> {
    await Promise.all(this.#running);
  }

  async stop(): Promise<void> {
    for (const client of this.#clients) client.close();
    await this.cut();
  }

  async #write(client: RespClient, n: number): Promise<void> {
    let next = (this.#last[n] ?? -1) + 1;
    const send = async (): Promise<void> => {
      const number = next;
      next += 1;
      await client.command('GSET', node(n, number), `value ${number}`);
      this.#last[n] = number;
      if (this.count >= this.#wanted.count) this.#wanted.reached();
      await send();
    };
    await Promise.allSettled(Array.from({ length: PIPELINE }, () => send()));
  }

  /** Throws when something acknowledged is not there. */
  async verify(member: TestMember): Promise<void> {
    const client = await RespClient.connect('127.0.0.1', member.port);
    try {
      for (const [n, last] of this.#last.entries()) {
        for (let number = 0; number <= last; number += 1) {
          const value = await client.command('GGET', node(n, number));
          if (value !== `value ${number}`) throw new Error(`${node(n, number)}, acknowledged, is ${String(value)} on ${member.name}`);
        }
      }
    } finally {
      client.close();
    }
  }
}

function node(client: number, number: number): string {
  return `^|"DB"|ack(${client},${number})`;
}

/** Sets a node; resolves with the error's code if it is refused. */
export function set(member: TestMember, name: string, value: string): Promise<string> {
  return command(member, 'GSET', `^|"DB"|${name}`, value);
}

/** What a node is on a member; 'null' when it is not there. */
export function get(member: TestMember, name: string): Promise<string> {
  return command(member, 'GGET', `^|"DB"|${name}`);
}

async function command(member: TestMember, ...words: string[]): Promise<string> {
  const client = await RespClient.connect('127.0.0.1', member.port);
  try {
    return String(await client.command(...words));
  } catch (error) {
    if (error instanceof RespError) return error.code;
    throw error;
  } finally {
    client.close();
  }
}

/** Both failover members, and `others`, hold the same nodes; waits for them to have dejournaled. */
export function sameDatabases({ a, b }: Pick<Pair, 'a' | 'b'>, ...others: readonly TestMember[]): Promise<void> {
  return sameIn('DB', [a, b, ...others]);
}

/** Waits until these members hold the same nodes in a database. */
export async function sameIn(database: string, members: readonly TestMember[]): Promise<void> {
  let seen: unknown;
  await until(
    `${members.map((member) => member.name).join(', ')} hold the same nodes in ${database}`,
    async () => {
      const all = await Promise.all(members.map((member) => member.call('db.verify', { name: database })));
      seen = all;
      if (all.some((each) => !each.sound)) throw new Error(`damaged: ${JSON.stringify(all.map((each) => each.problems))}`);
      return all.every(({ digest, nodes }) => digest === all[0]?.digest && nodes === all[0].nodes);
    },
    () => seen,
  );
}
