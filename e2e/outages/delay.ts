import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { Host } from './host.ts';
import { inside } from './network.ts';

const PROGRAM = fileURLToPath(new URL('delay-process.ts', import.meta.url));
const DELAY_MS = 100;

/** Where others reach a member through what delays its answers. */
export const DELAYED_PORT = 2972;

/** In front of a member: what it sends to those who connect to it there arrives a while later, or never if this is killed. */
export class Delay {
  readonly #process: ChildProcess;

  private constructor(process: ChildProcess) {
    this.#process = process;
  }

  static async start({ computer, port }: Host): Promise<Delay> {
    const args = [PROGRAM, computer.address, String(DELAYED_PORT), String(port), String(DELAY_MS)];
    const [command, ...rest] = inside(computer.namespace, process.execPath, ...args);
    const child = spawn(command, rest, { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
    await Promise.race([
      once(child, 'message'),
      once(child, 'exit').then(([code]: unknown[]) => Promise.reject(new Error(`what delays ended with ${String(code)}`))),
    ]);
    return new Delay(child);
  }

  /** What it holds back is lost. */
  async kill(): Promise<void> {
    if (this.#process.exitCode !== null || this.#process.signalCode !== null) return;
    const ended = once(this.#process, 'exit');
    this.#process.kill('SIGKILL');
    await ended;
  }
}
