import net from 'node:net';
import { VERSION } from '../../../api/version.ts';
import { controlFrame, MAGIC } from '../../../mirror/index.ts';

/** How often it says that it lives. */
const BEAT_MS = 500;

/** An async member that says it is ready, lives on, and takes nothing of what it is sent. */
export class StuckFollower {
  readonly #socket: net.Socket;
  readonly #timer: NodeJS.Timeout;

  private constructor(socket: net.Socket) {
    this.#socket = socket;
    this.#timer = setInterval(() => this.#beat(), BEAT_MS);
  }

  /** @param member its GUID in the membership of the mirror with that GUID */
  static async connect(port: number, mirror: string, member: string): Promise<StuckFollower> {
    const socket = net.connect({ host: '127.0.0.1', port });
    await new Promise<void>((resolve, reject) => socket.once('connect', resolve).once('error', reject));
    // The primary may close it; what was measured says so.
    socket.on('error', () => undefined);
    const reach = { lineage: [], end: { position: { file: 0, offset: 0 }, chain: '0'.repeat(32) } };
    socket.write(Buffer.concat([MAGIC, controlFrame({ t: 'follow', mirror, version: VERSION, member, reach })]));
    await new Promise((resolve) => socket.once('data', resolve));
    socket.pause();
    socket.write(controlFrame({ t: 'ready', from: { file: 0, offset: 0 } }));
    return new StuckFollower(socket);
  }

  /** Whether the primary still has it. */
  get isConnected(): boolean {
    return !this.#socket.destroyed && this.#socket.writable;
  }

  #beat(): void {
    const received = { file: 0, offset: 0 };
    this.#socket.write(
      controlFrame({ t: 'async-beat', received, receivedTimeMs: null, dejournaled: null, halted: null, attention: false }),
    );
  }

  close(): void {
    clearInterval(this.#timer);
    this.#socket.destroy();
  }
}
