import type { Bytes } from '../globals/index.ts';
import type { Watch } from '../instance/session.ts';
import type { Command } from './command.ts';

/** Commands between MULTI and EXEC, and the watches before them. */
export class MultiState {
  /** MULTI has been given and neither EXEC nor DISCARD. */
  open = false;
  /** A command was refused while queueing: EXEC will do nothing. */
  failed = false;
  queue: { command: Command; args: readonly Bytes[] }[] = [];
  /** Memory the queue stands for. */
  bytes = 0;
  #watches: Watch[] = [];

  get watchCount(): number {
    return this.#watches.length;
  }

  /** A watched node has changed since it was watched. */
  get dirty(): boolean {
    return this.#watches.some((w) => w.dirty);
  }

  add(command: Command, args: readonly Bytes[]): void {
    this.queue.push({ command, args });
    this.bytes += memoryOf(args);
  }

  watch(watch: Watch): void {
    this.#watches.push(watch);
  }

  unwatch(): void {
    for (const watch of this.#watches) watch.release();
    this.#watches = [];
  }

  /** Back to no MULTI and no WATCH. */
  clear(): void {
    this.open = false;
    this.failed = false;
    this.queue = [];
    this.bytes = 0;
    this.unwatch();
  }
}

/** Bytes that a command's arguments stand for while it is kept. */
export function memoryOf(args: readonly Bytes[]): number {
  return args.reduce((sum, arg) => sum + arg.length + 16, 64);
}
