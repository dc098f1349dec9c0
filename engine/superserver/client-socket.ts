import type { Socket } from 'node:net';
import type { Clock } from '../io/index.ts';

/** How long a connection that we end may take to read the last reply. */
const LINGER_MS = 5_000;

/** What a client's socket tells its connection. */
export interface SocketEvents {
  readonly data: (chunk: Buffer) => void;
  /** The client has sent all it has to say; it still wants the replies. */
  readonly peerEnd: () => void;
  /** Called at least once when it is gone. */
  readonly close: () => void;
}

/** A client's socket: what it has not taken yet, whether it is read, and how it ends. */
export class ClientSocket {
  readonly remoteAddress: string;
  readonly localAddress: string;
  readonly #socket: Socket;
  readonly #clock: Clock;
  #untaken = 0;
  #paused = false;
  #ended = false;
  #linger: { cancel(): void } | undefined;

  constructor(socket: Socket, clock: Clock) {
    this.#socket = socket;
    this.#clock = clock;
    this.remoteAddress = `${socket.remoteAddress ?? ''}:${socket.remotePort ?? 0}`;
    this.localAddress = `${socket.localAddress ?? ''}:${socket.localPort ?? 0}`;
  }

  /** Bytes given to the socket and not yet taken by the system. */
  get untaken(): number {
    return this.#untaken;
  }

  get paused(): boolean {
    return this.#paused;
  }

  get destroyed(): boolean {
    return this.#socket.destroyed;
  }

  /** @param head bytes already read from the socket */
  start(head: Buffer | undefined, events: SocketEvents): void {
    const socket = this.#socket;
    socket.setNoDelay(true);
    socket.setKeepAlive(true, 60_000);
    // a client that has sent all it has to say still wants the replies
    socket.allowHalfOpen = true;
    socket.on('data', events.data);
    socket.on('end', events.peerEnd);
    // the close event that follows does what there is to do
    socket.on('error', () => socket.destroy());
    socket.on('close', events.close);
    // whoever read the head may have paused it
    socket.resume();
    if (head !== undefined && head.length > 0) events.data(head);
    if (socket.destroyed) events.close();
  }

  /** @param taken called once the system has taken so many bytes */
  write(bytes: Uint8Array, taken: (length: number) => void): void {
    const { length } = bytes;
    this.#untaken += length;
    this.#socket.write(bytes, () => {
      this.#untaken -= length;
      taken(length);
    });
  }

  /** Whether what the client sends is read. */
  pause(paused: boolean): void {
    if (paused === this.#paused) return;
    this.#paused = paused;
    if (paused) this.#socket.pause();
    else this.#socket.resume();
  }

  /** Everything is said. Reads on for a while, because closing with input unread would make the system take the last reply back. */
  end(): void {
    if (this.#ended) return;
    this.#ended = true;
    const socket = this.#socket;
    socket.end(() => {
      if (!socket.destroyed) this.#linger = this.#clock.timer(LINGER_MS, () => socket.destroy());
    });
  }

  /** Ends it with these last bytes, without waiting for the client. */
  cutOff(last: string): void {
    this.#socket.end(last, () => this.#socket.destroy());
  }

  /** To be called when it is gone: nothing is waited for any more. */
  release(): void {
    this.#linger?.cancel();
  }

  destroy(): void {
    this.#socket.destroy();
  }
}
