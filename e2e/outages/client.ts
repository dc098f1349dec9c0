import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { FromClient, ToClient } from './client-messages.ts';
import type { History } from './history.ts';
import type { Host } from './host.ts';
import { inside } from './network.ts';

const PROGRAM = fileURLToPath(new URL('client-process.ts', import.meta.url));

/** An application on a member's host, in a process of its own; what it sees goes into the history. */
export class Client {
  readonly #process: ChildProcess;
  #answer: PromiseWithResolvers<FromClient> | null = null;
  #failed: Error | null = null;

  constructor(host: Host, history: History) {
    const [command, ...args] = inside(
      host.computer.namespace,
      process.execPath,
      PROGRAM,
      host.name,
      host.computer.address,
      String(host.port),
    );
    this.#process = spawn(command, args, { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
    this.#process.on('message', (message: FromClient) => {
      if (message.t === 'seen') history.add(host.name, message);
      else if (message.t === 'failed') this.#fail(new Error(`the client of ${host.name} failed: ${message.why}`));
      else this.#answer?.resolve(message);
    });
    this.#process.on('exit', (code) => this.#fail(new Error(`the client of ${host.name} ended with ${code ?? 'a signal'}`)));
  }

  #fail(error: Error): void {
    this.#failed ??= error;
    this.#answer?.reject(error);
  }

  #send(message: ToClient): void {
    if (this.#failed !== null) throw this.#failed;
    this.#process.send(message);
  }

  async #ask(message: ToClient): Promise<FromClient> {
    this.#answer = Promise.withResolvers();
    this.#send(message);
    return this.#answer.promise;
  }

  write(): void {
    this.#send({ t: 'write' });
  }

  /** Resolves when everything it has sent is answered, or its connection is lost. */
  async pause(): Promise<void> {
    await this.#ask({ t: 'pause' });
  }

  /** Values of all nodes that clients have written, as this member has them; null: it cut the connection. */
  async list(): Promise<ReadonlySet<string> | null> {
    const answer = await this.#ask({ t: 'list' });
    if (answer.t !== 'nodes') throw new Error(`the client answered ${answer.t}`);
    return answer.nodes === null ? null : new Set(answer.nodes);
  }

  /** Writes a lot, until that is refused or there is no answer: resolves at once. */
  async fill(): Promise<void> {
    await this.#ask({ t: 'fill' });
  }

  async end(): Promise<void> {
    if (this.#process.exitCode !== null || this.#process.signalCode !== null) return;
    const ended = once(this.#process, 'exit');
    this.#process.kill('SIGKILL');
    await ended;
  }
}
