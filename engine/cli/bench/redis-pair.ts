import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import path from 'node:path';
import { GemelError } from '../../api/errors.ts';
import { anyFreePort } from '../../instance/host.ts';
import { until } from '../demo/world.ts';
import { RespClient } from '../resp-client.ts';

const PROGRAM = 'redis-server';

/** The version of the redis-server in the PATH; null when there is none. */
export function redisVersion(): string | null {
  const { stdout, status } = spawnSync(PROGRAM, ['--version'], { encoding: 'utf8' });
  return status === 0 ? (/v=(\S+)/.exec(stdout)?.[1] ?? null) : null;
}

/**
 * A Redis with one replica, as durable as a mirror is: the append-only file is synced at each write, and a client that
 * sends WAIT 1 is answered when the replica has it. The replica writes its file too, and syncs it each second, as a backup
 * syncs its journal after it has acknowledged.
 */
export class RedisPair {
  readonly #root: string;
  readonly #processes: ChildProcess[] = [];
  port = 0;

  /** @param root an existing folder for their files */
  constructor(root: string) {
    this.#root = root;
  }

  async start(signal: AbortSignal): Promise<void> {
    this.port = await this.#spawn('redis-primary', ['--appendfsync', 'always']);
    await untilAnswers(this.port, signal, ['PING'], 'PONG');
    const replica = await this.#spawn('redis-replica', ['--appendfsync', 'everysec', '--replicaof', '127.0.0.1', String(this.port)]);
    await untilAnswers(replica, signal, ['INFO', 'replication'], 'master_link_status:up');
  }

  /** Ends both, whatever they are doing. */
  async end(): Promise<void> {
    for (const child of this.#processes.splice(0)) {
      if (child.exitCode !== null || child.signalCode !== null || child.pid === undefined) continue;
      const exit = once(child, 'exit');
      child.kill('SIGKILL');
      await exit;
    }
  }

  async #spawn(name: string, args: readonly string[]): Promise<number> {
    const directory = path.join(this.#root, name);
    fs.mkdirSync(directory);
    const port = await anyFreePort();
    const settings = ['--port', String(port), '--bind', '127.0.0.1', '--dir', directory, '--appendonly', 'yes', '--save', ''];
    const child = spawn(PROGRAM, [...settings, ...args], { stdio: 'ignore' });
    // What becomes of a failed start is seen by who waits for an answer.
    child.on('error', () => undefined);
    this.#processes.push(child);
    return port;
  }
}

async function untilAnswers(port: number, signal: AbortSignal, command: readonly string[], expected: string): Promise<void> {
  await until(`${PROGRAM} on port ${port} answers`, signal, async () => {
    const seen = await ask(port, command);
    return { ok: seen.includes(expected), seen };
  });
}

async function ask(port: number, command: readonly string[]): Promise<string> {
  try {
    const client = await RespClient.connect('127.0.0.1', port);
    try {
      return String(await client.command(...command));
    } finally {
      client.close();
    }
  } catch (error) {
    // Not up yet, or still loading.
    if (error instanceof GemelError) return error.message;
    return String(error);
  }
}
