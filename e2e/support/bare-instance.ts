import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { instanceMethods, instanceTopics, type InstanceMethods, type Params, type Result } from '../../engine/api/contract.ts';
import { GemelError, type ErrorCode } from '../../engine/api/errors.ts';
import { connectControl } from '../../engine/api/rpc/index.ts';
import { createInstance, instancePaths } from '../../engine/instance/host.ts';
import { updateSettings } from '../../engine/instance/settings.ts';
import { portOfTest } from './ports.ts';
import { programs } from './programs.ts';

/** An instance in no mirror, its process a direct child of the test. */
export class BareInstance {
  readonly home = fs.mkdtempSync(path.join(os.tmpdir(), 'gemel-bare-'));
  readonly name = 'K';
  port = 0;
  #child: ChildProcess | undefined;
  #ended: Promise<unknown> = Promise.resolve();

  get directory(): string {
    return path.join(this.home, 'instances', this.name);
  }

  /** @param journalMB size at which a journal file is closed */
  async create({ journalMB = 256 }: { journalMB?: number } = {}): Promise<void> {
    this.port = await portOfTest();
    await createInstance(this.home, { name: this.name, superserverPort: this.port, webPort: await portOfTest() });
    updateSettings(instancePaths(this.directory).settings, (s) => ({ ...s, Journal: { ...s.Journal, FileSizeLimit: journalMB } }));
  }

  get alive(): boolean {
    return this.#child !== undefined && this.#child.exitCode === null && this.#child.signalCode === null;
  }

  /** Begins to start it. `ready` resolves with true when it answers, with false when it was killed before; rejects with why it refuses. */
  launch(user?: number): { readonly ready: Promise<boolean> } {
    const child = spawn(process.execPath, [programs.instance, '--directory', this.directory], {
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
      env: { ...process.env, GEMEL_HOME: this.home },
      ...(user === undefined ? {} : { uid: user, gid: user }),
    });
    this.#child = child;
    this.#ended = once(child, 'exit');
    const told = once(child, 'message').then(([message]: unknown[]) => {
      if (typeof message === 'object' && message !== null && 'ready' in message) return true;
      throw refusal(message);
    });
    return { ready: Promise.race([told, this.#ended.then(() => false)]) };
  }

  async start(): Promise<void> {
    if (!(await this.launch().ready)) throw new Error('the instance ended while starting');
  }

  /** Starts it in the expectation that it refuses; gives the reason when its process is gone. */
  async refusal(user?: number): Promise<GemelError> {
    try {
      await this.launch(user).ready;
    } catch (error) {
      if (!(error instanceof GemelError)) throw error;
      await this.#ended;
      return error;
    }
    throw new Error('the instance started');
  }

  /** SIGKILL; resolves when the process is gone. */
  async kill(): Promise<void> {
    this.#child?.kill('SIGKILL');
    await this.#ended;
  }

  /** Ends it in order. */
  async stop(): Promise<void> {
    this.#child?.kill('SIGTERM');
    await this.#ended;
  }

  async call<K extends keyof InstanceMethods & string>(method: K, params: Params<InstanceMethods, K>): Promise<Result<InstanceMethods, K>> {
    const client = await connectControl(instancePaths(this.directory).control, instanceMethods, instanceTopics, { timeoutMs: 60_000 });
    try {
      return await client.call(method, params);
    } finally {
      client.close();
    }
  }

  /** Text of messages.log. */
  messages(): string {
    return fs.readFileSync(path.join(instancePaths(this.directory).mgr, 'messages.log'), 'utf8');
  }

  async remove(): Promise<void> {
    if (this.alive) await this.kill();
    fs.rmSync(this.home, { recursive: true, force: true });
  }
}

function refusal(message: unknown): Error {
  const failed = typeof message === 'object' && message !== null && 'failed' in message ? message.failed : null;
  if (typeof failed !== 'object' || failed === null || !('code' in failed && 'what' in failed && 'todo' in failed))
    return new Error(`the instance said ${JSON.stringify(message)}`);
  return new GemelError(failed.code as ErrorCode, String(failed.what), 'safe' in failed ? String(failed.safe) : '', String(failed.todo));
}
