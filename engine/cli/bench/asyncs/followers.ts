import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { createInterface, type Interface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { GemelError } from '../../../api/errors.ts';
import { Membership } from '../../../mirror/index.ts';
import type { BenchPair } from '../bench-pair.ts';
import type { FollowersAnswer, FollowersArgument } from './followers-process.ts';

/** Async members of the bench mirror in a process of their own (see followers-process.ts). */
export class Followers {
  /** GUIDs of the mirror, and of the members. */
  readonly mirror: string;
  readonly members: readonly string[];
  readonly #child: ChildProcess;
  readonly #lines: AsyncIterator<string>;

  private constructor({ membership, members }: FollowersArgument, child: ChildProcess, lines: Interface) {
    this.mirror = membership.guid;
    this.members = members;
    this.#child = child;
    this.#lines = lines[Symbol.asyncIterator]();
  }

  /** So many reporting members are taken into the mirror. None is connected yet. */
  static async start(pair: BenchPair, count: number): Promise<Followers> {
    const members = Array.from({ length: count }, (_, n) => `bench-async-${n + 1}`);
    let membership: unknown;
    for (const guid of members) membership = await pair.admit(asyncMember(guid));
    const argument: FollowersArgument = { root: path.join(pair.root, 'followers'), membership: Membership.parse(membership), members };
    const entry = fileURLToPath(new URL('./followers-process.ts', import.meta.url));
    const child = spawn(process.execPath, [entry, JSON.stringify(argument)], { stdio: ['pipe', 'pipe', 'inherit'] });
    return new Followers(argument, child, createInterface({ input: child.stdout }));
  }

  /** Resolves once exactly so many are connected and have all journal. */
  async connect(count: number): Promise<FollowersAnswer> {
    this.#child.stdin?.write(`${count}\n`);
    const { value, done } = await this.#lines.next();
    if (done === true) throw new GemelError('UNREACHABLE', 'The process of the async members has ended.');
    return JSON.parse(value) as FollowersAnswer;
  }

  async end(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const exit = once(this.#child, 'exit');
    this.#child.kill('SIGKILL');
    await exit;
  }
}

/** Nobody dials an async: its addresses are never used. */
function asyncMember(guid: string): Record<string, unknown> {
  const address = '127.0.0.1:1';
  return {
    guid,
    name: guid.toUpperCase(),
    instance: guid.toUpperCase(),
    type: 'Read-Only Reporting',
    superserverAddress: address,
    privateAddress: address,
    agentAddress: address,
  };
}
