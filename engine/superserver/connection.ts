import type { Socket } from 'node:net';
import type { Session, Ticket, Work } from '../instance/session.ts';
import type { Bytes } from '../globals/index.ts';
import { assert, AssertionError } from '../io/index.ts';
import { ClientSocket } from './client-socket.ts';
import { defaultSettings, type Client } from './client.ts';
import type { Command } from './command.ts';
import { findCommand, fitsArity } from './command-table.ts';
import type { ConnectionHost, Served } from './connection-host.ts';
import { MemoryShare } from './memory-share.ts';
import { MultiState, memoryOf } from './multi-state.ts';
import { Output } from './output.ts';
import { Replies } from './replies.ts';
import { ReplyGate } from './reply-gate.ts';
import { OVERSIZED, ProtocolError, RequestParser } from './request-parser.ts';

/** First words of an HTTP request: a web page may make a browser on this computer send them, with commands in the body. */
const HTTP = /^(POST|Host:)$/i;

/** A command that has begun and waits. */
interface Suspension {
  readonly cancel: () => void;
  readonly command: Command;
  readonly start: number;
}

/**
 * One client's connection: takes commands from the socket one after the other, and lets their replies out, in that order,
 * as they become durable. Holds no more than its limits allow: it stops reading while a command waits, or while the
 * client does not take its replies.
 */
export class Connection implements Client, Served {
  readonly session: Session;
  readonly out: Output;
  readonly server: ConnectionHost;
  readonly multi = new MultiState();
  readonly firstNamespace: string;
  readonly connectedMs: number;
  settings = defaultSettings();
  mayWait = true;
  silentSinceMs = 0;

  readonly #socket: ClientSocket;
  readonly #parser: RequestParser;
  readonly #gate: ReplyGate;
  readonly #replies: Replies;
  readonly #share: MemoryShare;
  #suspension: Suspension | undefined;
  #work: Work | undefined;
  /** A command that waits for the executor to drain. */
  #postponed: readonly Bytes[] | undefined;
  #durableWait: { ticket: Ticket; then: () => void } | undefined;
  #running = false;
  #halfFrame = false;
  #peerEnded = false;
  /** No further command is taken; the connection ends when the replies are out. */
  #closing = false;
  #closed = false;

  /** Throws what opening a session throws. */
  constructor(socket: Socket, server: ConnectionHost) {
    this.session = server.executor.open();
    this.firstNamespace = this.session.namespace;
    this.server = server;
    this.out = new Output(server.limits.reply);
    this.#parser = new RequestParser(server.limits);
    this.#gate = new ReplyGate(server.executor);
    this.#replies = new Replies(this, this.#gate);
    this.#share = new MemoryShare(server.memory, server.limits);
    this.#socket = new ClientSocket(socket, server.clock);
    this.connectedMs = server.clock.monotonicMs();
  }

  get id(): number {
    return this.session.id;
  }

  get remoteAddress(): string {
    return this.#socket.remoteAddress;
  }

  get localAddress(): string {
    return this.#socket.localAddress;
  }

  get lastUpdate(): Ticket {
    return this.#gate.lastUpdate;
  }

  /** Memory this connection holds for input and output, bytes. */
  get memory(): { input: number; output: number } {
    const postponed = this.#postponed === undefined ? 0 : memoryOf(this.#postponed);
    return { input: this.#parser.bufferedBytes + this.multi.bytes + postponed, output: this.out.waiting + this.#socket.untaken };
  }

  /** @param head bytes already read from the socket */
  start(head: Buffer | undefined): void {
    this.#socket.start(head, {
      data: (chunk) => this.#receive(chunk),
      peerEnd: () => this.#onPeerEnd(),
      close: () => this.#onClose(),
    });
  }

  showed(): void {
    this.#gate.showed(this.session.ticket);
  }

  changed(): void {
    this.#gate.changed(this.session.ticket);
  }

  requireDurable(ticket: Ticket): void {
    this.#gate.require(ticket);
  }

  perform(work: Work | undefined, reply: () => void): void {
    if (work === undefined || !this.mayWait) {
      while (work !== undefined && !work.step());
      reply();
      return;
    }
    this.#work = work;
    const resume = this.suspend(() => undefined);
    const step = (): void => {
      let failed: { error: unknown } | undefined;
      try {
        if (!work.step()) {
          this.server.turns.atEndOfTurn(step);
          return;
        }
      } catch (error) {
        if (error instanceof AssertionError) throw error;
        failed = { error };
      }
      this.#work = undefined;
      resume(() => {
        if (failed !== undefined) throw failed.error;
        reply();
      });
      if (this.#closed) this.#endSession();
    };
    this.server.turns.atEndOfTurn(step);
  }

  suspend(cancel: () => void): (reply: () => void) => void {
    assert(this.mayWait && this.#suspension === undefined, 'one command waits at a time, and none in EXEC');
    const suspension: Suspension = { cancel, command: this.#replies.command, start: this.out.end };
    this.#suspension = suspension;
    // at the end of the turn, because what resumes this connection may be another one's command
    return (reply) => this.server.turns.atEndOfTurn(() => this.#resume(suspension, reply));
  }

  #resume(suspension: Suspension, reply: () => void): void {
    if (this.#suspension !== suspension || this.#closed) return;
    this.#suspension = undefined;
    this.#replies.guard(suspension.command, suspension.start, reply);
    this.#finish();
    this.#run();
  }

  runQueued(command: Command, args: readonly Bytes[]): void {
    this.mayWait = false;
    this.#replies.guard(command, this.out.end, () => command.run(this, args));
    this.mayWait = true;
  }

  whenDurable(ticket: Ticket, then: () => void): void {
    this.#durableWait = { ticket, then };
    this.#listen();
  }

  reset(): void {
    const { session } = this;
    this.multi.clear();
    if (session.level > 0) {
      session.trollback(0);
      this.changed();
    }
    this.server.locks.releaseAll(this.id);
    session.setNamespace(this.firstNamespace);
    this.settings = defaultSettings();
    this.out.protocol = 2;
  }

  closeAfterReplies(): void {
    this.#closing = true;
  }

  onDurable(): void {
    if (this.#closed) return;
    const { executor } = this.server;
    const wait = this.#durableWait;
    if (wait !== undefined && wait.ticket <= executor.durableTicket) {
      this.#durableWait = undefined;
      wait.then();
    }
    const released = this.#gate.release();
    this.#listen();
    if (!released) return;
    this.#flush();
    if (this.#socket.paused) this.#run();
    else this.#settle();
  }

  onDrain(): void {
    const postponed = this.#postponed;
    if (postponed === undefined || this.#closed) return;
    this.#postponed = undefined;
    this.#execute(postponed);
    this.#run();
  }

  timeOut(): void {
    this.#giveUp(`half a command and then silence for ${Math.round(this.server.limits.halfFrameMs / 1000)} s`);
    this.#run();
  }

  destroy(): void {
    this.#socket.destroy();
  }

  /** Ends the connection and its session now; a client that waits for a reply is told why none of its replies will come. */
  cutOff(why: string): void {
    if (this.#closed) return;
    const waits = this.#gate.count > 0 || this.#suspension !== undefined || this.#postponed !== undefined;
    this.#onClose();
    this.#socket.cutOff(waits ? `-ERR ${why}\r\n` : '');
  }

  #receive(chunk: Buffer): void {
    this.server.metrics.bytesIn += chunk.length;
    if (this.#closing || this.#closed) return;
    if (this.#halfFrame) this.silentSinceMs = this.server.clock.monotonicMs();
    this.#parser.push(chunk);
    this.#run();
  }

  get #blocked(): boolean {
    return this.#suspension !== undefined || this.#postponed !== undefined || this.#isOutputFull();
  }

  /** @param more bytes beside those that wait */
  #isOutputFull(more = 0): boolean {
    const { limits } = this.server;
    return this.out.waiting + this.#socket.untaken + more > limits.output || this.#gate.count >= limits.heldReplies;
  }

  /** Carries out what has come in, as far as possible. */
  #run(): void {
    if (this.#running || this.#closed) return;
    this.#running = true;
    while (!this.#closing && !this.#blocked) {
      const frame = this.#nextFrame();
      if (frame === undefined) break;
      if (frame === OVERSIZED) {
        this.#replies.refuseOversized();
        this.#finish();
      } else this.#execute(frame);
    }
    this.#running = false;
    this.#flush();
    this.#settle();
  }

  #nextFrame(): ReturnType<RequestParser['next']> {
    try {
      const frame = this.#parser.next();
      if (frame === undefined && this.#peerEnded) this.#closing = true;
      return frame;
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
      this.#giveUp(error.message);
      return undefined;
    }
  }

  #execute(args: readonly Bytes[]): void {
    const { server, multi } = this;
    const name = args[0] ?? '';
    const command = findCommand(name);
    if (command === undefined) {
      this.#refuseUnknown(name);
      return;
    }
    if (command.writes && server.executor.saturated) {
      this.#postponed = args;
      server.awaitDrain(this);
      return;
    }
    server.metrics.commands++;
    this.#replies.begin(command);
    if (!fitsArity(command, args.length))
      this.#replies.refuse('ERR', `wrong number of arguments for '${command.name.toLowerCase()}' command`);
    else if (multi.open && command.inMulti !== 'now') this.#enqueue(command, args);
    else this.#replies.guard(command, this.out.end, () => command.run(this, args));
    if (this.#suspension === undefined) this.#finish();
  }

  #enqueue(command: Command, args: readonly Bytes[]): void {
    if (command.inMulti === 'refuse') this.#replies.refuse('ERR', `${command.name} is not allowed inside MULTI`);
    else if (this.multi.bytes + memoryOf(args) > this.server.limits.frame) this.#replies.refuse('ERR', 'too much is queued for EXEC');
    else {
      this.multi.add(command, args);
      this.out.simple('QUEUED');
    }
  }

  #refuseUnknown(name: Bytes): void {
    if (HTTP.test(name)) {
      this.server.complaints.write('web requests', `${this.remoteAddress} sent a web request; the connection was closed.`);
      this.#closing = true;
      return;
    }
    this.#replies.refuseUnknown(name);
    this.#finish();
  }

  /** Tells the client why, and ends the connection. */
  #giveUp(why: string): void {
    this.#replies.giveUp(why);
    this.#finish();
    this.#closing = true;
  }

  /** The reply is written: lets it out, or notes what it waits for. */
  #finish(): void {
    this.#gate.finish(this.out.end, this.settings);
    this.#listen();
  }

  #listen(): void {
    if (this.#gate.count > 0 || this.#durableWait !== undefined) this.server.awaitDurable(this, this.#gate.waitsForReadRule);
  }

  #flush(): void {
    const bytes = this.out.take(this.#gate.released);
    if (bytes === undefined || this.#socket.destroyed) return;
    this.server.metrics.bytesOut += bytes.length;
    this.#socket.write(bytes, (taken) => {
      if (this.#closed) return;
      if (this.#isOutputFull(taken) && !this.#isOutputFull()) this.#run();
      else this.#account();
    });
  }

  /** Brings reading, accounts, and the end of the connection in line with the state after something happened. */
  #settle(): void {
    if (this.#closed) return;
    const pause = this.#blocked && !this.#closing;
    this.#socket.pause(pause);
    const half = !pause && !this.#closing && this.#parser.midFrame;
    if (half !== this.#halfFrame) {
      this.#halfFrame = half;
      this.silentSinceMs = this.server.clock.monotonicMs();
      this.server.setHalfFrame(this, half);
    }
    this.#account();
    if (this.#closing && this.#suspension === undefined && this.#gate.count === 0) this.#socket.end();
  }

  #account(): void {
    const { input, output } = this.#closed ? { input: 0, output: 0 } : this.memory;
    if (this.#share.update(input, output)) return;
    const { memory, complaints } = this.server;
    complaints.write(
      'memory',
      `${this.remoteAddress} was cut off: all connections together hold ${memory.input} bytes of unfinished commands and ${memory.output} bytes of replies not taken.`,
    );
    this.#socket.destroy();
  }

  #onPeerEnd(): void {
    this.#peerEnded = true;
    if (this.#suspension !== undefined && this.#work === undefined) {
      // nobody is there any more to use the lock it waits for
      this.#socket.destroy();
      return;
    }
    this.#run();
  }

  #onClose(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#socket.release();
    if (this.#halfFrame) this.server.setHalfFrame(this, false);
    this.#account();
    this.#durableWait = undefined;
    this.#suspension?.cancel();
    this.server.onClosed(this);
    // work that has begun is finished, so that no kill or merge stays half done
    if (this.#work === undefined) this.#endSession();
  }

  #endSession(): void {
    this.server.locks.releaseAll(this.id);
    this.multi.clear();
    this.session.close();
    this.server.onEnded(this);
  }
}
