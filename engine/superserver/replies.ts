import { assert } from '../io/index.ts';
import type { Bytes } from '../globals/index.ts';
import type { Client } from './client.ts';
import { shown, type Command } from './command.ts';
import type { ConnectionHost } from './connection-host.ts';
import { errorReply } from './error-reply.ts';
import type { ReplyGate } from './reply-gate.ts';

type Answered = Pick<Client, 'out' | 'multi' | 'remoteAddress'> & { readonly server: ConnectionHost };

/** How each reply of one connection is begun, and what it says when a command is refused or fails. */
export class Replies {
  readonly #client: Answered;
  readonly #gate: ReplyGate;
  #command: Command | undefined;

  constructor(client: Answered, gate: ReplyGate) {
    this.#client = client;
    this.#gate = gate;
  }

  /** The command whose reply is written. */
  get command(): Command {
    assert(this.#command !== undefined, 'a command is running');
    return this.#command;
  }

  begin(command: Command | undefined): void {
    this.#command = command;
    this.#client.out.beginReply();
    this.#gate.begin();
  }

  /** An error reply instead of running a command; the transaction that MULTI has begun is lost with it. */
  refuse(code: string, text: string): void {
    const { multi, server, out } = this.#client;
    if (multi.open) multi.failed = true;
    server.metrics.errors++;
    out.error(code, text);
  }

  /** The whole reply to a command that there is not. */
  refuseUnknown(name: Bytes): void {
    this.begin(undefined);
    this.refuse('ERR', `unknown command '${shown(name)}'`);
    this.#complain('unknown commands', `sent the unknown command '${shown(name)}'.`);
  }

  /** The whole reply to a command that was passed over without being kept. */
  refuseOversized(): void {
    const { value, frame } = this.#client.server.limits;
    this.begin(undefined);
    this.refuse('MAXSTRING', `An argument is longer than ${value} bytes, or the command longer than ${frame}. Nothing was changed.`);
    this.#complain('commands that are too long', 'sent a command that is too long; it was refused.');
  }

  /** The last reply: why the connection ends. */
  giveUp(why: string): void {
    this.begin(undefined);
    this.refuse('ERR', why);
    this.#complain('protocol errors', `broke the protocol: ${why}; the connection was closed.`);
  }

  /** Runs a part of a command; an error replaces what it has written since `start`. */
  guard(command: Command, start: number, run: () => void): void {
    try {
      run();
    } catch (error) {
      const { server, out } = this.#client;
      const reply = errorReply(error, command);
      server.metrics.errors++;
      out.rewind(start);
      out.error(reply.code, reply.text);
      if (reply.internal)
        server.log(2, `Superserver: ${command.name} failed unexpectedly: ${error instanceof Error ? error.stack : String(error)}`);
      else this.#complain(`${reply.code} errors`, `sent ${command.name}, which was refused with ${reply.code}: ${reply.text}`);
    }
  }

  #complain(kind: string, what: string): void {
    this.#client.server.complaints.write(kind, `${this.#client.remoteAddress} ${what}`);
  }
}
